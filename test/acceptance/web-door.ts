import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry, Written } from "../../core/trail/entry.ts";
import { Postern, type Printed, started } from "../postern.ts";
import { entriesIn } from "../trail.ts";

export interface WebDoorOptions {
  /** Names that the policy imports from `postern/plugins`, beside `local` and `record`. */
  readonly plugins: readonly string[];
  /** Names that it imports from `postern`, beside `gateway`. */
  readonly words?: readonly string[];
  /** Source of `resources`, an object's inside. */
  readonly resources: string;
  /** Source of `rules`, an array's inside. */
  readonly rules: string;
  /** Which protocol the one listener is of. Default: `http`. */
  readonly protocol?: "http" | "kubernetes";
  /** Source of the listener's options beside its port. Default: `insecure: true`. */
  readonly listener?: string;
  /** Source of identity providers beside `local()`, each with a comma behind it. */
  readonly identity?: string;
  /** Source of what stands beside them: `limits: { … },`. Default: `always: [record()],`. */
  readonly further?: string;
  /** Source of lines between the imports and the policy. */
  readonly before?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A real gateway process before web services or a cluster that the test has started. */
export class WebDoor {
  private constructor(
    readonly gateway: Postern,
    readonly folder: string,
    readonly data: string,
  ) {}

  static async open(options: WebDoorOptions): Promise<WebDoor> {
    const folder = mkdtempSync(join(tmpdir(), "postern-web-"));
    const policy = join(folder, "policy.ts");
    writeFileSync(policy, policyText(options));
    const data = join(folder, "data");
    const gateway = new Postern(policy, data, join(folder, "gateway.log"), options.environment ?? {});
    const door = new WebDoor(gateway, folder, data);
    return started(door);
  }

  get port(): number {
    return this.gateway.port;
  }

  /** `http://127.0.0.1:port` and a path. */
  url(path = "/"): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  postern(...args: string[]): Promise<Printed> {
    return this.gateway.postern(args);
  }

  async json<T>(...args: string[]): Promise<T> {
    const { stdout, stderr } = await this.postern(...args, "--json");
    try {
      return JSON.parse(stdout) as T;
    } catch {
      throw new Error(`postern ${args.join(" ")} printed no JSON: ${stdout}${stderr}`);
    }
  }

  async token(subject: string, ...groups: string[]): Promise<string> {
    const named = groups.flatMap((group) => ["--group", group]);
    const minted = await this.postern("token", "mint", "--subject", subject, ...named, "--ttl", "1h");
    if (minted.code !== 0) throw new Error(minted.stderr);
    return minted.stdout.trim();
  }

  /** The hold whose text has this in it, once it waits. */
  async hold(mark: string): Promise<string> {
    let found: string | undefined;
    await this.until(`an operation with ${mark} waits`, async () => {
      const approvals = await this.json<{ id: string; text: string }[]>("approvals", "list");
      found = approvals.find(({ text }) => text.includes(mark))?.id;
      return found !== undefined;
    });
    return found as string;
  }

  /** Answers a hold as whoever this token proves. */
  answer(hold: string, how: "approve" | "deny", token: string): Promise<Printed> {
    return this.gateway.postern(["approvals", how, hold], token);
  }

  /** All entries of this kind, from the segments themselves. */
  entries<K extends Entry["kind"]>(kind: K): Written<Extract<Entry, { kind: K }>>[] {
    const all: Written[] = entriesIn(this.data);
    return all.filter((entry): entry is Written<Extract<Entry, { kind: K }>> => entry.kind === kind);
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await holds())) {
      if (Date.now() > deadline)
        throw new Error(`Waited 20 s in vain until ${what}.\n${this.logged().slice(-2000)}`);
      await Bun.sleep(10);
    }
  }

  logged(): string {
    return this.gateway.logged();
  }

  async close(): Promise<void> {
    await this.gateway.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function policyText(options: WebDoorOptions): string {
  const { plugins, words = [], resources, rules, protocol = "http", listener = "insecure: true" } = options;
  const { identity = "", further = "always: [record()],", before = "" } = options;
  return `
import { ${[...new Set(["gateway", ...words])].join(", ")} } from "postern";
import { ${[...new Set(["local", "record", ...plugins])].join(", ")} } from "postern/plugins";
${before}
export default gateway({
  listen: { ${protocol}: { port: 0, ${listener} } },
  identity: [local(), ${identity}],
  ${further}
  resources: { ${resources} },
  rules: [${rules}],
});
`;
}
