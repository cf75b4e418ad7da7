import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postern } from "../postern.ts";
import { WebDoor, type WebDoorOptions } from "./web-door.ts";
import { WebUpstream } from "./web-upstream.ts";

/** What a command printed. */
export interface Ran {
  readonly code: number;
  readonly out: Buffer;
  readonly text: string;
  readonly errors: string;
}

export async function ran(...command: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, errors] = await Promise.all([
    new Response(child.stdout).arrayBuffer(),
    new Response(child.stderr).text(),
  ]);
  const bytes = Buffer.from(out);
  return { code: await child.exited, out: bytes, text: bytes.toString("latin1"), errors };
}

/** A gateway before one plain web service `api`, which alice may do all on, and what tools need to reach it. */
export class ToolsDoor {
  private constructor(
    readonly door: WebDoor,
    readonly upstream: WebUpstream,
    readonly folder: string,
    readonly token: string,
    readonly secure: boolean,
  ) {}

  /** `secure`: TLS with a certificate for localhost; else in clear. */
  static async open(secure: boolean, more: Partial<WebDoorOptions> = {}): Promise<ToolsDoor> {
    const folder = mkdtempSync(join(tmpdir(), "postern-web-tools-"));
    const made = await postern(["certs", "--name", "localhost", "--out", folder]);
    if (made.code !== 0) throw new Error(made.stderr);
    const upstream = await WebUpstream.start();
    const tls = `tls: { cert: "${join(folder, "server.crt")}", key: "${join(folder, "server.key")}" }`;
    const door = await WebDoor.open({
      plugins: ["http"],
      words: ["person"],
      resources: `api: http({ url: "http://127.0.0.1:${upstream.port}" })`,
      rules: `{ who: person("alice"), on: "api", may: "all" }`,
      listener: `${secure ? tls : "insecure: true"}, resource: "api"`,
      ...more,
    });
    return new ToolsDoor(door, upstream, folder, await door.token("alice"), secure);
  }

  get origin(): string {
    return `${this.secure ? "https" : "http"}://localhost:${this.door.port}`;
  }

  get login(): string {
    return `Authorization: Bearer ${this.token}`;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** Options first; each argument that begins with a slash and is no file is a path of the gateway's. */
  curl(path: string, ...options: readonly string[]): Promise<Ran> {
    return ran(
      ...["curl", "--silent", "--show-error", "--max-time", "30", "--ipv4"],
      ...["--cacert", this.file("ca.crt"), "--header", this.login, ...options, `${this.origin}${path}`],
    );
  }

  async close(): Promise<void> {
    await this.door.close();
    this.upstream.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
