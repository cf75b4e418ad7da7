import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueCertificate, makeAuthority, type Pair, type Request } from "../authority.ts";
import type { KeyPair } from "../files.ts";

/** Days: this one ended a quarter of an hour ago. */
export const expired = -0.01;

/** A folder of certificates of one authority, and `otherCa`, which vouches for none of them. */
export class TestCertificates implements Disposable {
  private constructor(
    readonly folder: string,
    readonly authority: Pair,
    readonly other: Pair,
  ) {}

  static async make(): Promise<TestCertificates> {
    const made = new TestCertificates(
      mkdtempSync(join(tmpdir(), "postern-tls-")),
      await makeAuthority("test", 30),
      await makeAuthority("other", 30),
    );
    writeFileSync(made.ca, made.authority.cert);
    writeFileSync(made.otherCa, made.other.cert);
    return made;
  }

  get ca(): string {
    return join(this.folder, "ca.crt");
  }

  get otherCa(): string {
    return join(this.folder, "other.crt");
  }

  server(...names: [string, ...string[]]): Promise<KeyPair> {
    return this.issue(names[0].replace("*", "wild"), { names, use: "server", days: 30 });
  }

  /** Writes `<file>.crt` and `<file>.key`. */
  async issue(file: string, request: Request, authority = this.authority): Promise<KeyPair> {
    const pair = await issueCertificate(authority, request);
    const paths = { cert: join(this.folder, `${file}.crt`), key: join(this.folder, `${file}.key`) };
    writeFileSync(paths.cert, pair.cert);
    writeFileSync(paths.key, pair.key);
    return paths;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
