import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PosternError } from "../../error.ts";
import type { Pair } from "../../tls/authority.ts";

/** The folder that `postern certs` writes to. Each method returns the names of the files that it wrote. */
export class CertificateFolder {
  constructor(
    readonly path: string,
    readonly days: number,
  ) {}

  get hasServer(): boolean {
    return this.#has("server.crt") || this.#has("server.key");
  }

  /** Throws PosternError `certs.exist` where there is one and it is not to be renewed. */
  async server(names: readonly [string, ...string[]], renew: boolean): Promise<string[]> {
    if (!renew && this.hasServer) {
      throw new PosternError("certs.exist", `${join(this.path, "server.crt")} is there already.`, {
        hint: "Give --renew to replace it, or another --out.",
      });
    }
    const { issueCertificate } = await import("../../tls/authority.ts");
    const written: string[] = [];
    const authority = await this.#authority(written);
    const pair = await issueCertificate(authority, { names, use: "server", days: this.days });
    return [...written, ...this.#write("server", pair)];
  }

  async client(name: string): Promise<string[]> {
    if (!/^[\w.@-]+$/.test(name) || name === "ca" || name === "server" || name.startsWith(".")) {
      throw new PosternError("cli.usage", `--client ${name} is no name for a file.`, {
        hint: "Use letters, digits, _ . @ -",
      });
    }
    const { issueCertificate } = await import("../../tls/authority.ts");
    const written: string[] = [];
    const authority = await this.#authority(written);
    const pair = await issueCertificate(authority, { names: [name], use: "client", days: this.days });
    return [...written, ...this.#write(name, pair)];
  }

  async #authority(written: string[]): Promise<Pair> {
    if (this.#has("ca.crt") && this.#has("ca.key")) {
      return { cert: this.#read("ca.crt"), key: this.#read("ca.key") };
    }
    const { makeAuthority } = await import("../../tls/authority.ts");
    const pair = await makeAuthority(`Postern test authority ${new Date().toISOString()}`, this.days);
    written.push(...this.#write("ca", pair));
    return pair;
  }

  #has(file: string): boolean {
    return existsSync(join(this.path, file));
  }

  #read(file: string): string {
    return readFileSync(join(this.path, file), "utf8");
  }

  /** The key first, each in one step: whoever watches never reads half of a file. */
  #write(name: string, { cert, key }: Pair): string[] {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    for (const [file, text, mode] of [
      [`${name}.key`, key, 0o600],
      [`${name}.crt`, cert, 0o644],
    ] as const) {
      const path = join(this.path, file);
      // What somebody left there keeps its mode, and would show the key to whoever could read it.
      rmSync(`${path}.new`, { force: true });
      writeFileSync(`${path}.new`, text, { mode, flag: "wx" });
      renameSync(`${path}.new`, path);
    }
    return [`${name}.crt`, `${name}.key`];
  }
}
