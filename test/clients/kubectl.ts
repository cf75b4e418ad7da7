import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A kubectl binary of this machine. */
export interface KubectlBinary {
  readonly path: string;
  /** `1.20`, `1.32`. */
  readonly version: string;
}

/** Where binaries are: Debian's, as unpacked by the test run, and those that come with Google's package. */
const places = [
  "/usr/bin/kubectl",
  join(import.meta.dir, "../.cache/kubectl/usr/bin/kubectl"),
  ...under("/usr/lib/google-cloud-sdk/bin", /^kubectl\.1\.\d+$/),
];

function under(folder: string, name: RegExp): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((one) => name.test(one))
        .map((one) => join(folder, one))
    : [];
}

let found: readonly KubectlBinary[] | undefined;

/** Every version there is, the oldest first; one binary each. A dispatcher that only calls others is left out. */
export function kubectls(): readonly KubectlBinary[] {
  found ??= look();
  return found;
}

function look(): KubectlBinary[] {
  const byVersion = new Map<string, KubectlBinary>();
  for (const path of places.filter(existsSync)) {
    const { stdout } = Bun.spawnSync([path, "version", "--client", "-o", "json"]);
    const version = /"gitVersion":\s*"v(1\.\d+)\.[^"]*"/.exec(stdout.toString());
    if (!version?.[1] || /dispatcher/.test(version[0])) continue;
    if (!byVersion.has(version[1])) byVersion.set(version[1], { path, version: version[1] });
  }
  return [...byVersion.values()].toSorted((a, b) => Number(a.version.slice(2)) - Number(b.version.slice(2)));
}

export function hasKubectl(): boolean {
  return kubectls().length > 0;
}

/** Whom kubectl connects to, and as whom. */
export interface KubectlLogin {
  readonly server: string;
  /** PEM of the authority. */
  readonly ca: string;
  readonly token?: string;
  /** PEM of a client certificate and its key. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
  readonly namespace?: string;
}

/** What a run of it came to. */
export interface KubectlRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** kubectl with a home of its own: kubeconfig, caches and what it writes are there. */
export class Kubectl {
  readonly home = mkdtempSync(join(tmpdir(), "postern-kubectl-"));

  constructor(
    readonly binary: KubectlBinary,
    login: KubectlLogin,
  ) {
    mkdirSync(join(this.home, ".kube"));
    writeFileSync(join(this.home, ".kube/config"), JSON.stringify(configOf(login)), { mode: 0o600 });
  }

  /** Runs it to its end. */
  async run(
    args: readonly string[],
    more: { stdin?: string | Uint8Array; env?: Readonly<Record<string, string>> } = {},
  ): Promise<KubectlRun> {
    const child = this.start(args, { stdin: more.stdin ?? "", ...(more.env ? { env: more.env } : {}) });
    const [code, stdout, stderr] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code, stdout, stderr };
  }

  /** Starts it: for what does not end by itself. */
  start(
    args: readonly string[],
    more: { stdin?: string | Uint8Array; env?: Readonly<Record<string, string>> } = {},
  ) {
    return Bun.spawn([this.binary.path, ...args], {
      cwd: this.home,
      env: { PATH: process.env.PATH ?? "", HOME: this.home, ...more.env },
      stdin: Buffer.from(more.stdin ?? ""),
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  /** Runs it on a terminal of 31 rows and 101 columns; what the terminal shows is `stdout`. */
  async onTerminal(args: readonly string[]): Promise<KubectlRun> {
    const shown: Buffer[] = [];
    const child = Bun.spawn([this.binary.path, ...args], {
      cwd: this.home,
      env: { PATH: process.env.PATH ?? "", HOME: this.home, TERM: "xterm" },
      terminal: { rows: 31, cols: 101, data: (_terminal, bytes) => void shown.push(Buffer.from(bytes)) },
    });
    const code = await child.exited;
    return { code, stdout: Buffer.concat(shown).toString(), stderr: "" };
  }

  /** A file in its home. */
  file(name: string, content: string): string {
    const path = join(this.home, name);
    writeFileSync(path, content);
    return path;
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

function configOf({ server, ca, token, certificate, namespace }: KubectlLogin) {
  const pem = (text: string) => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": pem(ca) } }],
    contexts: [
      { name: "test", context: { cluster: "test", user: "test", namespace: namespace ?? "default" } },
    ],
    users: [
      {
        name: "test",
        user: {
          ...(token === undefined ? {} : { token }),
          ...(certificate
            ? {
                "client-certificate-data": pem(certificate.certificate),
                "client-key-data": pem(certificate.key),
              }
            : {}),
        },
      },
    ],
  };
}
