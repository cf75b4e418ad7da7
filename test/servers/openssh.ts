import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/**
 * A throw-away sshd of Debian's on 127.0.0.1: its own host key, a free port, its log at VERBOSE. As root it has users
 * of its own, made for the test and removed with it; else the one user that runs the test can log in.
 */
export interface OpenSshServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly folder: string;
  /** `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** Whom to log in as; the names in `users` of the options are the keys. */
  readonly users: Readonly<Record<string, HostUser>>;
  /** The first of them. */
  readonly user: HostUser;
  /** A private key (file and text) that may log in as each of them. */
  readonly keyFile: string;
  readonly key: string;
  logged(): string;
  /** With `strace`: what was executed by the server and all that came of it, as strace writes it, a line a call. */
  executed(): string[];
  /** One more line of authorized_keys, for this user. */
  authorize(user: HostUser, line: string): void;
  /** Certificates of this authority (a public key) let in whom their principals name. */
  trust(authority: string): void;
  /** Principals that certificates may show to log in as this user, instead of its own name. */
  principals(user: HostUser, ...names: string[]): void;
  /** SIGKILL to the server; its sessions go on until they notice. */
  kill(): Promise<void>;
  /** Stops it, ends what runs as its users, and removes users and files. */
  close(): Promise<void>;
}

export interface HostUser {
  readonly name: string;
  readonly home: string;
  readonly uid: number;
  readonly gid: number;
}

export interface OpenSshOptions {
  /** `ops` unless given. On the machine they have names that nobody else has. */
  readonly users?: readonly string[];
  /** Lines of sshd_config that come before the others. */
  readonly settings?: readonly string[];
  /** Runs it under `strace -f -e trace=execve`. */
  readonly strace?: boolean;
}

const sshd = "/usr/sbin/sshd";
const sftp = "/usr/lib/openssh/sftp-server";

export function hasOpenSsh(): boolean {
  return existsSync(sshd) && existsSync(sftp) && Bun.which("ssh") !== null;
}

const running = new Set<() => void>();
process.on("exit", () => {
  for (const end of running) end();
});

export async function startOpenSsh(options: OpenSshOptions = {}): Promise<OpenSshServer> {
  const folder = mkdtempSync(join(tmpdir(), "postern-sshd-"));
  chmodSync(folder, 0o755);
  const names = options.users ?? ["ops"];
  const root = process.getuid?.() === 0;
  const users = Object.fromEntries(
    names.map((name) => [name, root ? makeUser(name, folder) : ownUser(folder)]),
  );
  for (const path of ["keys", "principals"]) mkdirSync(join(folder, path));
  const hostKey = makeKey(join(folder, "host_key"));
  const keyFile = join(folder, "id");
  const publicKey = makeKey(keyFile);
  for (const { name } of Object.values(users)) writeFileSync(join(folder, "keys", name), `${publicKey}\n`);
  writeFileSync(join(folder, "authorities"), "");
  const port = freePort();
  const log = join(folder, "sshd.log");
  const trace = join(folder, "execve");
  const config = join(folder, "sshd_config");
  writeFileSync(
    config,
    [
      ...(options.settings ?? []),
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${folder}/host_key`,
      `PidFile ${folder}/sshd.pid`,
      `AuthorizedKeysFile ${folder}/keys/%u`,
      `TrustedUserCAKeys ${folder}/authorities`,
      `AuthorizedPrincipalsFile ${folder}/principals/%u`,
      `Subsystem sftp ${sftp}`,
      "LogLevel VERBOSE",
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "AcceptEnv LANG LC_* POSTERN_*",
      "MaxStartups 500",
      "MaxSessions 500",
      "PermitUserEnvironment no",
      "PrintMotd no",
      "",
    ].join("\n"),
  );
  // The child of a privileged sshd goes to an empty folder that must be there.
  if (root) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const command = [sshd, "-D", "-f", config, "-E", log];
  const traced = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=execve", "-o", trace];
  const [program = "", ...args] = options.strace ? [...traced, ...command] : command;
  const server = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], cwd: "/" });
  const said: Buffer[] = [];
  server.stderr?.on("data", (bytes: Buffer) => said.push(bytes));
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const clean = () => {
    running.delete(clean);
    endFamily(server, join(folder, "sshd.pid"));
    if (root) for (const user of Object.values(users)) removeUser(user);
    rmSync(folder, { recursive: true, force: true });
  };
  running.add(clean);
  while (!(existsSync(log) && readFileSync(log, "utf8").includes("Server listening on"))) {
    if (server.exitCode !== null) {
      clean();
      throw new Error(`sshd did not start: ${Buffer.concat(said)}`);
    }
    await Bun.sleep(20);
  }

  const first = users[names[0] ?? ""];
  if (!first) throw new Error("There is no user to log in as.");
  return {
    host: "127.0.0.1",
    port,
    folder,
    hostKey,
    users,
    user: first,
    keyFile,
    key: readFileSync(keyFile, "utf8"),
    logged: () => readFileSync(log, "utf8"),
    executed: () =>
      existsSync(trace)
        ? readFileSync(trace, "utf8")
            .split("\n")
            .filter((line) => line.includes(" execve("))
        : [],
    authorize: ({ name }, line) => appendFileSync(join(folder, "keys", name), `${line}\n`),
    trust: (authority) => appendFileSync(join(folder, "authorities"), `${authority}\n`),
    principals: ({ name }, ...list) =>
      writeFileSync(join(folder, "principals", name), list.map((one) => `${one}\n`).join("")),
    async kill() {
      process.kill(Number(readFileSync(join(folder, "sshd.pid"), "utf8")), "SIGKILL");
      await exited;
    },
    async close() {
      endFamily(server, join(folder, "sshd.pid"));
      await exited;
      clean();
    },
  };
}

/** A new Ed25519 key pair in `file` and `file.pub`; returns the public one without a comment. */
export function makeKey(file: string, type = "ed25519"): string {
  run("ssh-keygen", "-q", "-t", type, "-N", "", "-C", "", "-f", file);
  return readFileSync(`${file}.pub`, "utf8").trim();
}

function ownUser(folder: string): HostUser {
  const { username, homedir, uid, gid } = userInfo();
  mkdirSync(join(folder, "home"), { recursive: true });
  return { name: username, home: homedir, uid, gid };
}

function makeUser(name: string, folder: string): HostUser {
  const own = `${name}-${randomBytes(3).toString("hex")}`;
  const home = join(folder, own);
  // `*` is no password, and does not lock the account as `!` would.
  run("useradd", "--create-home", "--home-dir", home, "--shell", "/bin/bash", "--password", "*", own);
  const [, , uid, gid] =
    readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((line) => line.startsWith(`${own}:`))
      ?.split(":") ?? [];
  chownSync(home, Number(uid), Number(gid));
  return { name: own, home, uid: Number(uid), gid: Number(gid) };
}

function removeUser({ name, uid }: HostUser): void {
  spawnSync("pkill", ["-KILL", "-U", String(uid)]);
  spawnSync("userdel", ["--force", name]);
}

function endFamily(server: ChildProcess, pidFile: string): void {
  try {
    process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
  } catch {
    // It is gone.
  }
  server.kill("SIGKILL");
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  probe.stop(true);
  return probe.port;
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program}: ${stderr || error}`);
}
