import { afterAll, beforeAll, expect } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubectls } from "../clients/kubectl.ts";
import { needs, testWith } from "../needs.ts";
import { type Printed, postern } from "../postern.ts";
import { KubernetesDoor } from "./kubernetes-door.ts";

/** Issue 6: `postern connect prod` gives a kubeconfig whose exec plugin asks the gateway for a credential. */

const binary = kubectls()[0]?.path ?? "kubectl";
const runs = testWith(needs.kubectl);
let door: KubernetesDoor;
let token: string;

beforeAll(async () => {
  if (needs.kubectl) return;
  door = await KubernetesDoor.open({
    words: ["group"],
    rules: `{ who: group("owners"), on: "prod", may: "all" }`,
  });
  token = await door.web.token("olga", "owners");
  for (const name of ["home", "tmp"]) mkdirSync(join(door.folder, name));
}, 30_000);
afterAll(() => door?.close());

const home = () => join(door.folder, "home");
const temporary = () => join(door.folder, "tmp");
const environment = () => ({
  POSTERN_TOKEN: token,
  POSTERN_CA: door.caFile,
  HOME: home(),
  TMPDIR: temporary(),
  XDG_CONFIG_HOME: "",
});

const found = { code: 0, stdout: "namespace/default\n", stderr: "" };

/** Not in step with this process, where the cluster is. */
async function kubectl(env: Readonly<Record<string, string | undefined>>): Promise<Printed> {
  const child = Bun.spawn([binary, "get", "ns", "default", "-o", "name"], {
    env: { ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, stdout, stderr };
}

function connect(...args: string[]): Promise<Printed> {
  return postern(["connect", "--data", door.web.data, "prod", ...args], environment());
}

runs(
  "a command finds a kubeconfig, asks once for a credential, is one session, and leaves nothing behind",
  async () => {
    const script = `${binary} create configmap a --from-literal=k=v && ${binary} get configmaps -o name && ${binary} get --raw /readyz; ls -l "$KUBECONFIG" "$(dirname $KUBECONFIG)"; cat $KUBECONFIG; exit 7`;
    const { code, stdout, stderr } = await connect("--", "sh", "-c", script);
    expect([code, stderr]).toEqual([7, ""]);
    expect(stdout).toContain("configmap/a created\nconfigmap/a\n");
    expect(stdout).toContain("ok");
    expect(stdout).not.toContain(token);
    expect(stdout).not.toMatch(/pc_[a-z0-9]+\./);
    expect(stdout.match(/^-\S+/gm)?.every((mode) => mode === "-rw-------")).toBe(true);
    expect(readdirSync(temporary())).toEqual([]);
    const opened = door.web.entries("open").filter(({ identity }) => identity.subject === "olga");
    expect(opened).toHaveLength(1);
    expect(opened[0]?.identity.credentialId).toStartWith("pc_");
  },
  30_000,
);

runs(
  "without a command it prints one without a secret, which a client that is signed in can use",
  async () => {
    const { code, stdout } = await connect();
    expect(code).toBe(0);
    expect(stdout).not.toContain(token);
    expect(stdout).not.toMatch(/pc_/);
    const file = join(door.folder, "printed.kubeconfig");
    writeFileSync(file, stdout);
    const own = { ...process.env, ...environment(), KUBECONFIG: file };
    expect(await kubectl(own)).toEqual(found);
    const kept = join(home(), ".config/postern/kubectl-prod.json");
    expect(statSync(kept).mode & 0o777).toBe(0o600);

    // The credential has ended: the plugin is asked, and gets another one.
    const before = JSON.parse(readFileSync(kept, "utf8"));
    writeFileSync(kept, JSON.stringify({ ...before, expires: Date.now() - 1 }), { mode: 0o600 });
    expect(await kubectl(own)).toEqual(found);
    const after = JSON.parse(readFileSync(kept, "utf8"));
    expect(after.user).not.toBe(before.user);

    // Whoever signs in as somebody else is not given it.
    const mallory = await door.web.token("mallory");
    expect((await kubectl({ ...own, POSTERN_TOKEN: mallory })).code).toBe(1);
    const oscar = await door.web.token("oscar", "owners");
    expect(await kubectl({ ...own, POSTERN_TOKEN: oscar })).toEqual(found);
    expect(JSON.parse(readFileSync(kept, "utf8")).user).not.toBe(after.user);
  },
  30_000,
);

runs(
  "--write puts it beside what kubectl has already",
  async () => {
    const file = join(door.folder, "existing.kubeconfig");
    writeFileSync(
      file,
      "# mine\napiVersion: v1\nkind: Config\nusers:\n- name: old\n  user: {token: t} # keep\ncurrent-context: old\n",
    );
    const own = {
      ...environment(),
      KUBECONFIG: file,
      PATH: `${binary.slice(0, binary.lastIndexOf("/"))}:${process.env.PATH}`,
    };
    const { code, stdout, stderr } = await postern(
      ["connect", "--data", door.web.data, "prod", "--write"],
      own,
    );
    expect([code, stderr]).toEqual([0, ""]);
    const written = readFileSync(file, "utf8");
    expect(written).toContain("current-context: postern-prod");
    expect(written).toContain("certificate-authority-data");
    expect(written).toContain("# mine");
    expect(written).toContain("user: { token: t } # keep");
    expect(stdout).toContain("current context is postern-prod now (was old)");
    // A second time it is replaced, not doubled.
    await postern(["connect", "--data", door.web.data, "prod", "--write"], own);
    expect(readFileSync(file, "utf8")).toBe(written);
    expect(await kubectl({ ...process.env, ...own })).toEqual(found);
  },
  30_000,
);

runs(
  "every kubectl takes what the plugin prints",
  async () => {
    for (const { path } of kubectls()) {
      const { code, stdout, stderr } = await connect("--", path, "get", "ns", "default", "-o", "name");
      expect([path, code, stdout, stderr]).toEqual([path, 0, "namespace/default\n", ""]);
    }
  },
  60_000,
);
