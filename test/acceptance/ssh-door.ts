import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry, Written } from "../../core/trail/entry.ts";
import { Postern, type Printed, started } from "../postern.ts";
import { makeKey, type OpenSshOptions, type OpenSshServer, startOpenSsh } from "../servers/openssh.ts";
import { entriesIn } from "../trail.ts";

export interface SshDoorOptions {
  readonly server?: OpenSshOptions;
  /** Source of the policy's rules, an array's inside; groups of tokens and keys are `support`, `leads`. */
  readonly rules: string;
  /** Source of identity providers beside `local()` and `sshKeys()` (alice), each with a comma behind it. */
  readonly identity?: string;
  /** Source of resources beside `bastion`, each with a comma behind it. */
  readonly resources?: string | ((server: OpenSshServer) => string);
  /** Source of what stands beside `always: [record()]`. */
  readonly further?: string;
  /** Source of lines between the imports and the policy. */
  readonly before?: string;
  readonly workers?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface SshRun {
  /** The user before the host: the resource, or what it is to be instead. */
  readonly user?: string;
  /** Identity file. Default: alice's. `null`: none. */
  readonly key?: string | null;
  readonly certificate?: string;
  readonly password?: string;
  readonly options?: readonly string[];
  readonly stdin?: string | Uint8Array;
  /** Default `ssh`. */
  readonly program?: string;
}

export interface SshPrinted {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A real sshd, a real gateway process before it, and the OpenSSH client of a person's own machine. */
export class SshDoor {
  private constructor(
    readonly server: OpenSshServer,
    readonly gateway: Postern,
    readonly folder: string,
    readonly data: string,
  ) {}

  static async open(options: SshDoorOptions): Promise<SshDoor> {
    const folder = mkdtempSync(join(tmpdir(), "postern-ssh-"));
    const server = await startOpenSsh(options.server);
    const alice = makeKey(join(folder, "alice"));
    const policy = join(folder, "policy.ts");
    writeFileSync(policy, policyText(options, server, alice));
    const data = join(folder, "data");
    const environment = { BASTION_KEY: server.key, ...options.environment };
    const gateway = new Postern(policy, data, join(folder, "gateway.log"), environment);
    const askpass = join(folder, "askpass");
    writeFileSync(askpass, '#!/bin/sh\nprintf "%s\\n" "$DOOR_PASSWORD"\n');
    chmodSync(askpass, 0o700);
    mkdirSync(join(folder, "home"));
    const door = new SshDoor(server, gateway, folder, data);
    return started(door);
  }

  get port(): number {
    return this.gateway.port;
  }

  /** Options that any of OpenSSH's programs takes. */
  options({ key, certificate, password, options = [] }: SshRun = {}): string[] {
    const file = key === undefined ? join(this.folder, "alice") : key;
    const methods = password === undefined ? "publickey" : "password,keyboard-interactive";
    return [
      ...["-F", "none", "-o", `Port=${this.port}`, "-o", "StrictHostKeyChecking=accept-new"],
      ...["-o", `UserKnownHostsFile=${join(this.folder, "known_hosts")}`, "-o", "IdentityAgent=none"],
      ...["-o", "IdentitiesOnly=yes", "-o", `PreferredAuthentications=${methods}`],
      ...(file === null ? [] : ["-o", `IdentityFile=${file}`]),
      ...(certificate === undefined ? [] : ["-o", `CertificateFile=${certificate}`]),
      ...options,
    ];
  }

  /** `ssh user@gateway …`. */
  async ssh(args: readonly string[], run: SshRun = {}): Promise<SshPrinted> {
    return await this.ended(this.start([`${run.user ?? "bastion"}@127.0.0.1`, ...args], run));
  }

  /** Any of OpenSSH's programs, with these arguments behind the options. */
  start(args: readonly string[], run: SshRun = {}) {
    const command = [run.program ?? "ssh", ...this.options(run), ...args];
    return Bun.spawn(command, {
      env: {
        PATH: process.env.PATH ?? "",
        HOME: join(this.folder, "home"),
        SSH_ASKPASS: join(this.folder, "askpass"),
        SSH_ASKPASS_REQUIRE: run.password === undefined ? "never" : "force",
        DOOR_PASSWORD: run.password ?? "",
      },
      stdin: run.stdin === undefined ? "ignore" : Buffer.from(run.stdin),
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  async ended(child: ReturnType<SshDoor["start"]>): Promise<SshPrinted> {
    const [code, stdout, stderr] = await Promise.all([
      child.exited,
      new Response(child.stdout).bytes(),
      new Response(child.stderr).text(),
    ]);
    return { code, stdout: Buffer.from(stdout), stderr };
  }

  postern(...args: string[]): Promise<Printed> {
    return this.gateway.postern(args);
  }

  async token(subject: string, ...groups: string[]): Promise<string> {
    const named = groups.flatMap((group) => ["--group", group]);
    const minted = await this.postern("token", "mint", "--subject", subject, ...named, "--ttl", "1h");
    if (minted.code !== 0) throw new Error(minted.stderr);
    return minted.stdout.trim();
  }

  entries<K extends Entry["kind"]>(kind: K): Written<Extract<Entry, { kind: K }>>[] {
    const all: Written[] = entriesIn(this.data);
    return all.filter((entry): entry is Written<Extract<Entry, { kind: K }>> => entry.kind === kind);
  }

  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await holds())) {
      if (Date.now() > deadline)
        throw new Error(`Waited 20 s in vain until ${what}.\n${this.gateway.logged()}`);
      await Bun.sleep(10);
    }
  }

  async close(): Promise<void> {
    await this.gateway.kill();
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function policyText(options: SshDoorOptions, server: OpenSshServer, alice: string): string {
  return `
import { connect, define, execute, gateway, group, machine, person, read, remove, write } from "postern";
import { approve, env, local, mask, oidc, record, ssh, sshCa, sshCertificates, sshKeys } from "postern/plugins";
${options.before ?? ""}
export default gateway({
  listen: { ssh: { host: "127.0.0.1", port: 0 } },
  identity: [
    local(),
    sshKeys({ alice: { keys: [${JSON.stringify(alice)}], groups: ["support"] } }),
    ${options.identity ?? ""}
  ],
  always: [record()],
  workers: ${options.workers ?? 1},
  ${options.further ?? ""}
  resources: {
    bastion: ssh({
      host: "127.0.0.1",
      port: ${server.port},
      user: ${JSON.stringify(server.user.name)},
      users: ${JSON.stringify(Object.values(server.users).map(({ name }) => name))},
      hostKey: ${JSON.stringify(server.hostKey)},
      credential: env("BASTION_KEY"),
    }),
    ${typeof options.resources === "function" ? options.resources(server) : (options.resources ?? "")}
  },
  rules: [${options.rules}],
});
`;
}
