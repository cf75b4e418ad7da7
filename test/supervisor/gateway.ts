import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "../../core/control/api.ts";
import type { ServeOptions } from "../../core/serve.ts";
import type { Written } from "../../core/trail/entry.ts";
import type { ListenerAddress } from "../../core/worker-calls.ts";
import { entriesIn } from "../trail.ts";

type Knobs = Partial<Pick<ServeOptions, "graceMs" | "blockedMs">>;

export interface GatewayOptions extends Knobs {
  /** Text of the policy file, or the path of one. */
  readonly policy: string | { readonly path: string };
  /** Further environment: secrets that the policy names. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a new folder that `close` removes. */
  readonly dataDir?: string;
}

/** One line of the gateway's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A real gateway, supervisor and workers, as processes of their own. */
export class TestGateway {
  readonly dataDir: string;
  readonly policyPath: string;
  /** All that the processes wrote to stderr, over all starts. */
  stderr = "";
  addresses: readonly ListenerAddress[] = [];
  #process: Bun.Subprocess<"ignore", "inherit", "pipe"> | undefined;
  #waiting = new Set<() => void>();
  readonly #folder: string | undefined;

  private constructor(readonly options: GatewayOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), "postern-gw-"));
    this.dataDir = options.dataDir ?? join(this.#folder, "data");
    this.policyPath =
      typeof options.policy === "string" ? join(this.#folder, "gateway.policy.ts") : options.policy.path;
    if (typeof options.policy === "string") writeFileSync(this.policyPath, options.policy);
  }

  /** Resolves when it serves; rejects with what it wrote when it does not. */
  static async start(options: GatewayOptions): Promise<TestGateway> {
    const gateway = new TestGateway(options);
    await gateway.start();
    return gateway;
  }

  /** Starts it again after `stop` or `kill`, on the same data folder. */
  async start(): Promise<void> {
    const { graceMs = 200, blockedMs, env } = this.options;
    const knobs = JSON.stringify({ graceMs, ...(blockedMs === undefined ? {} : { blockedMs }) });
    const entry = join(import.meta.dir, "gateway.entry.ts");
    const from = this.stderr.length;
    this.#process = Bun.spawn([process.execPath, entry, this.policyPath, this.dataDir, knobs], {
      stdin: "ignore",
      stdout: "inherit",
      stderr: "pipe",
      env: { ...process.env, ...env },
    });
    void this.#read(this.#process.stderr);
    const ready = await this.log((line) => line.msg === "ready", from);
    this.addresses = ready.listeners as readonly ListenerAddress[];
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** The first listener of this protocol. */
  port(protocol: string): number {
    const address = this.addresses.find((each) => each.protocol === protocol);
    if (!address) throw new Error(`The gateway does not listen for ${protocol}.`);
    return address.port;
  }

  /** The control API. */
  fetch(path: string, init: RequestInit & { token?: string } = {}): Promise<Response> {
    const { token, ...rest } = init;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return fetch(`http://postern${path}`, { ...rest, headers, unix: join(this.dataDir, "control.sock") });
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.fetch(path)).json()) as T;
  }

  async post<T>(path: string, body: unknown = {}, token?: string): Promise<{ status: number; body: T }> {
    const init = { method: "POST", body: JSON.stringify(body), ...(token === undefined ? {} : { token }) };
    const response = await this.fetch(path, init);
    const text = await response.text();
    return { status: response.status, body: (text === "" ? undefined : JSON.parse(text)) as T };
  }

  async workers(): Promise<Status["workers"]> {
    return (await this.get<Status>("/v1/status")).workers;
  }

  async token(subject: string, ...groups: string[]): Promise<string> {
    return (await this.post<{ token: string }>("/v1/tokens", { subject, groups })).body.token;
  }

  /** The first log line from here on, or already there, that this is true of. */
  async log(wanted: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    for (;;) {
      const lines = this.stderr.slice(from).split("\n").slice(0, -1);
      const found = lines.map(parsed).find((line) => line !== undefined && wanted(line));
      if (found) return found;
      if (this.#process?.exitCode != null) throw new Error(`The gateway ended:\n${this.stderr.slice(from)}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Every entry of every stream, as the segments have them now. */
  entries(): (Written & { stream: string })[] {
    return entriesIn(this.dataDir);
  }

  edit(text: string): void {
    writeFileSync(this.policyPath, text);
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number> {
    this.signal("SIGTERM");
    return (await this.#process?.exited) ?? 0;
  }

  /** SIGKILL to the supervisor. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#process?.exited;
  }

  /** Stops it and removes what the test left. */
  async close(): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.stop();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  async #read(stderr: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stderr) {
      this.stderr += decoder.decode(chunk, { stream: true });
      this.#wake();
    }
    await this.#process?.exited;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function parsed(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}

/** Whether a process is there. A zombie is not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !readdirSync("/proc").includes(String(pid)) || !isZombie(pid);
}

function isZombie(pid: number): boolean {
  const { stdout } = Bun.spawnSync(["cat", `/proc/${pid}/stat`]);
  return / Z /.test(stdout.toString());
}
