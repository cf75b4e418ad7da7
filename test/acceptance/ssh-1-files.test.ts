import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { createHash } from "node:crypto";
import {
  chownSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Random } from "../fuzz.ts";
import { measured, needs, testWith } from "../needs.ts";
import { SshDoor, type SshPrinted } from "./ssh-door.ts";

setDefaultTimeout(60_000);
const megabytes = process.env.POSTERN_LONG ? 1024 : 64;
const withSftp = testWith(needs.openssh);

describe("ssh, must hold 1: files, by the clients that people have", () => {
  let door: SshDoor;
  let home: string;
  let near: string;

  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      before: `const signOff = approve({ by: group("leads"), within: "1m" });`,
      rules: `
        { name: "all", who: group("support"), on: "bastion", may: "all" },
        { name: "pub", who: group("readers"), on: "bastion", may: [read("*/pub/*")] },
        { name: "incoming", who: group("readers"), on: "bastion", may: [write("*/incoming/*"), read("*/incoming/*")], under: [signOff] },
        { name: "masked", who: group("masked"), on: "bastion", may: "all", under: [mask({ answers: "stream", detect: ["email"] })] },`,
    });
    home = door.server.user.home;
    near = join(door.folder, "near");
    mkdirSync(near);
    make("pub", "shut", "incoming");
    put("pub/readme", "read me\n");
    put("shut/secret", "secret content\n");
    symlinkSync(join(home, "shut/secret"), join(home, "pub/link"));
    symlinkSync(join(home, "shut"), join(home, "pub/folder"));
    const random = new Random(5);
    writeFileSync(join(near, "some"), random.bytes(300_000));
    mkdirSync(join(near, "tree/deep er"), { recursive: true });
    for (const name of ["a", "b c", "deep er/d", "deep er/ünï"]) {
      writeFileSync(join(near, "tree", name), random.bytes(random.upTo(50_000)));
    }
  });
  afterAll(async () => await door?.close());

  /** Folders and files of the host's user. */
  function make(...names: string[]): void {
    for (const name of names) {
      mkdirSync(join(home, name));
      own(name);
    }
  }
  function put(name: string, text: string): void {
    writeFileSync(join(home, name), text);
    own(name);
  }
  function own(name: string): void {
    const { uid, gid } = door.server.user;
    if (process.getuid?.() === 0) chownSync(join(home, name), uid, gid);
  }

  const target = "bastion@127.0.0.1";
  /** `ssh` with all its options, for programs that start it. */
  const shell = () => ["ssh", ...door.options()].join(" ");

  function run(command: readonly string[], environment: Record<string, string> = {}): Promise<SshPrinted> {
    const child = Bun.spawn([...command], {
      env: {
        PATH: process.env.PATH ?? "",
        HOME: join(door.folder, "home"),
        LC_ALL: "C.UTF-8",
        ...environment,
      },
      cwd: near,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    return door.ended(child);
  }

  /** `sftp -b`: these commands, in order. */
  async function sftp(commands: readonly string[], as: { password?: string } = {}): Promise<SshPrinted> {
    const batch = join(door.folder, "batch");
    writeFileSync(batch, `${commands.join("\n")}\n`);
    const key = as.password === undefined ? {} : { key: null, password: as.password };
    // -b sets BatchMode, in which nothing asks for a password.
    const child = door.start(["-b", "-", target], {
      program: "sftp",
      options: ["-q", "-o", "BatchMode=no"],
      stdin: readFileSync(batch),
      ...key,
    });
    return await door.ended(child);
  }

  /** The same to the host itself. */
  function directly(commands: readonly string[]): Promise<SshPrinted> {
    const { port, keyFile, user } = door.server;
    const behind = door.options().filter((option) => option !== "-F" && option !== "none");
    const batch = join(door.folder, "direct");
    writeFileSync(batch, `${commands.join("\n")}\n`);
    const ahead = ["-q", "-F", "none", "-o", `Port=${port}`, "-o", `IdentityFile=${keyFile}`];
    return run(["sftp", ...ahead, ...behind, "-b", batch, `${user.name}@127.0.0.1`]);
  }

  /** What the last session's recording shows, once this is in it. */
  async function recording(last: RegExp): Promise<string> {
    const session = door.entries("open").at(-1)?.session ?? "";
    let shown = "";
    await door.until("the recording is there", async () => {
      shown = (await door.postern("sessions", "replay", session, "--instant")).stdout;
      return last.test(shown);
    });
    return shown;
  }

  const far = (name: string) => readFileSync(join(home, name));
  const here = (name: string) => readFileSync(join(near, name));

  withSftp("sftp: everything that its client can do, with the results of the host itself", async () => {
    const commands = [
      "pwd",
      `put ${near}/some up`,
      `put -p ${near}/some kept`,
      "mkdir made",
      "chmod 640 up",
      "rename up made/moved",
      "ln made/moved made/hard",
      "symlink moved made/soft",
      "cp made/hard made/copy",
      "ls -1 made",
      `get made/soft ${near}/got`,
      "df -h made",
      "rm made/hard",
      "-rm made/not-there",
      "rm made/moved",
      "rm made/soft",
      "rm made/copy",
      "rmdir made",
      "rm kept",
    ];
    const straight = await directly(commands);
    const through = await sftp(commands);
    expect(through.stderr).toBe(straight.stderr);
    // How much is free may change in between.
    const lasting = ({ stdout }: SshPrinted) => stdout.toString().replaceAll(/^ .*%.*$/gm, "");
    expect(lasting(through).replaceAll(/near|direct/g, "")).toBe(
      lasting(straight).replaceAll(/near|direct/g, ""),
    );
    expect([through.code, straight.code]).toEqual([0, 0]);
    expect(here("got")).toEqual(here("some"));
  });

  withSftp("sftp: a tree there and back", async () => {
    const { code, stderr } = await sftp([`put -R ${near}/tree .`, `get -R tree ${near}/tree-back`]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(digests(join(near, "tree-back"))).toEqual(digests(join(near, "tree")));
  });

  withSftp(
    `sftp: ${megabytes} MB there and back with equal hash, which the trail has too`,
    async () => {
      const file = join(near, "big");
      const sent = await fill(file, megabytes);
      const began = performance.now();
      const { code, stderr } = await sftp([`put ${file} big`, `get big ${file}-back`]);
      const seconds = (performance.now() - began) / 1000;
      expect([code, stderr]).toEqual([0, ""]);
      expect(await digestOf(`${file}-back`)).toBe(sent);
      expect(await digestOf(join(home, "big"))).toBe(sent);
      const bytes = megabytes * 1024 * 1024;
      const outcomes = door.entries("outcome").map(({ outcome }) => outcome);
      expect(outcomes).toContainEqual({ result: "ok", received: { bytes, sha256: sent } });
      expect(outcomes).toContainEqual({ result: "ok", bytes });
      measured(`sftp ${megabytes} MB there and back: ${Math.round((2 * megabytes) / seconds)} MB/s`);
    },
    300_000,
  );

  for (const [form, options] of [
    ["over sftp", []],
    ["of old", ["-O"]],
  ] as const) {
    withSftp(`scp ${form}: a file and a tree, there and back`, async () => {
      const scp = (...args: string[]) =>
        run(["scp", ...options, "-q", "-p", ...door.options().filter((option) => option !== "-N"), ...args]);
      const name = `scp${options.length}`;
      const some = createHash("sha256").update(here("some")).digest("hex");
      for (const args of [
        ["some", `${target}:${name}`],
        [`${target}:${name}`, `${name}-back`],
        ["-r", "tree", `${target}:${name}-tree`],
        ["-r", `${target}:${name}-tree`, `${name}-tree-back`],
      ]) {
        const { code, stderr } = await scp(...args);
        expect([code, stderr]).toEqual([0, ""]);
        const moved =
          options.length > 0
            ? /stdin bytes=\d+ sha256=/
            : /file operation=(read|write) path=\S+ bytes=\d+ sha256=/;
        const kept = await recording(moved);
        if (args[0] === "some" && options.length === 0) expect(kept).toContain(`bytes=300000 sha256=${some}`);
        expect(kept.length).toBeLessThan(10_000);
      }
      expect(far(name)).toEqual(here("some"));
      expect(here(`${name}-back`)).toEqual(here("some"));
      expect(digests(join(near, `${name}-tree-back`))).toEqual(digests(join(near, "tree")));
      const missing = await scp(`${target}:not-there`, "x");
      expect(missing.code).toBe(1);
      expect(missing.stderr).toContain("No such file");
    });
  }

  testWith(needs.openssh, needs.rsync)("rsync: a tree there and back, and only what changed", async () => {
    const rsync = (...args: string[]) => run(["rsync", "-a", "-e", shell(), ...args]);
    expect((await rsync("tree/", `${target}:synced/`)).stderr).toBe("");
    expect((await rsync(`${target}:synced/`, "synced-back/")).code).toBe(0);
    expect(digests(join(near, "synced-back"))).toEqual(digests(join(near, "tree")));
    expect(digests(join(home, "synced"))).toEqual(digests(join(near, "tree")));
    writeFileSync(join(near, "tree/a"), "changed");
    const again = await rsync("-i", "--delete", "tree/", `${target}:synced/`);
    expect(
      again.stdout
        .toString()
        .split("\n")
        .filter((line) => line.startsWith("<f")),
    ).toHaveLength(1);
    expect(far("synced/a").toString()).toBe("changed");
  });

  testWith(needs.openssh, needs.git)("git: clone, push and fetch over ssh", async () => {
    const environment = {
      ...{ GIT_SSH_COMMAND: shell(), GIT_CONFIG_NOSYSTEM: "1" },
      ...{ GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example.com" },
      ...{ GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@example.com" },
    };
    const git = async (...args: string[]) => {
      const { code, stderr, stdout } = await run(["git", ...args], environment);
      expect(`${code} ${code === 0 ? "" : stderr}`).toBe("0 ");
      return stdout.toString().trim();
    };
    expect((await door.ssh(["git init -q --bare -b main repo.git"])).code).toBe(0);
    const url = `ssh://${target}:${door.port}${home}/repo.git`;
    await git("clone", "-q", url, "work");
    writeFileSync(join(near, "work/file"), "one\n");
    await git("-C", "work", "checkout", "-q", "-b", "main");
    await git("-C", "work", "add", "file");
    await git("-C", "work", "commit", "-q", "-m", "one");
    await git("-C", "work", "push", "-q", "origin", "main");
    await git("clone", "-q", url, "other");
    expect(await git("-C", "other", "rev-parse", "HEAD")).toBe(await git("-C", "work", "rev-parse", "HEAD"));
    const asked = door.entries("operation").flatMap(({ actions }) => actions);
    expect(asked).toContainEqual({ effect: "write", on: `${home}/repo.git` });
    expect(asked).toContainEqual({ effect: "read", on: `${home}/repo.git` });
  });

  testWith(needs.openssh, needs.ansible)(
    "Ansible: ping and a playbook",
    async () => {
      const inventory = join(near, "inventory");
      writeFileSync(inventory, `host ansible_host=127.0.0.1 ansible_python_interpreter=/usr/bin/python3\n`);
      const playbook = join(near, "playbook.yml");
      writeFileSync(
        playbook,
        `
- hosts: all
  gather_facts: false
  tasks:
    - copy: { src: ${near}/some, dest: ${home}/played, mode: "0600" }
    - command: sha256sum ${home}/played
      register: sum
    - fetch: { src: ${home}/played, dest: ${near}/fetched, flat: true }
    - copy: { content: "{{ sum.stdout.split()[0] }}", dest: ${home}/sum }
`,
      );
      // The resource is no user of the host, so its home is not to be looked for under that name.
      const environment = {
        ANSIBLE_SSH_ARGS: [
          ...door.options(),
          ...["-o", "User=bastion", "-o", "ControlMaster=auto", "-o", "ControlPersist=5s"],
        ].join(" "),
        ANSIBLE_HOST_KEY_CHECKING: "False",
        ANSIBLE_LOCAL_TEMP: join(near, "ansible"),
      };
      const pinged = await run(["ansible", "-i", inventory, "-m", "ping", "all"], environment);
      expect(pinged.stdout.toString()).toContain('"ping": "pong"');
      const played = await run(["ansible-playbook", "-i", inventory, playbook], environment);
      expect(played.stdout.toString()).toMatch(/ok=4 +changed=4 +unreachable=0 +failed=0/);
      expect(here("fetched")).toEqual(here("some"));
      expect(far("sum").toString()).toBe(createHash("sha256").update(here("some")).digest("hex"));
    },
    120_000,
  );

  withSftp("a rule on one folder: reading there, and nothing else, by no way around", async () => {
    const password = await door.token("bob", "readers");
    const allowed = await sftp(["cd pub", "ls -l", `get readme ${near}/readme`], { password });
    expect(allowed.code).toBe(0);
    expect(here("readme").toString()).toBe("read me\n");
    for (const path of ["shut/secret", "pub/../shut/secret", "pub/link", "pub/folder/secret"]) {
      const { code, stderr } = await sftp([`get ${path} ${near}/stolen`], { password });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^postern: read on .*\/shut\/secret is not allowed .*\(policy\.denied, .*ses_/m);
    }
    for (const command of [
      `put ${near}/some pub/new`,
      `put ${near}/some pub/readme`,
      "rm pub/readme",
      "rename pub/readme pub/renamed",
      "chmod 777 pub/readme",
      "mkdir pub/made",
      "ln pub/folder/secret pub/hard",
      "symlink ../shut pub/soft",
    ]) {
      const { code, stderr } = await sftp([command], { password });
      expect(`${command}: ${code}`).toBe(`${command}: 1`);
      expect(stderr).toMatch(/^postern: .*\(policy\.denied, /m);
    }
    for (const command of [`scp -f shut/secret`, `rsync --server --sender -e.LsfxCIvu . shut/secret`]) {
      const { code, stderr } = await door.ssh([command], { key: null, password });
      expect([code, stderr]).toEqual([126, expect.stringContaining("policy.denied")]);
    }
    expect(existsSync(join(near, "stolen"))).toBe(false);
    expect(readdirSync(join(home, "pub")).sort()).toEqual(["folder", "link", "readme"]);
    expect(far("pub/readme").toString()).toBe("read me\n");
  });

  withSftp(
    "a file that waits for an approval: the caller is told, and it moves when somebody says so",
    async () => {
      const password = await door.token("bob", "readers");
      const lead = await door.token("lisa", "leads");
      const child = sftp([`put ${near}/some incoming/some`], { password });
      let hold = "";
      await door.until("it is held", async () => {
        const { stdout } = await door.postern("approvals", "list", "--json");
        hold =
          (JSON.parse(stdout) as { id: string; text: string }[]).find(({ text }) => text.startsWith("open "))
            ?.id ?? "";
        for (const one of JSON.parse(stdout) as { id: string; text: string }[]) {
          if (one.id !== hold) await door.gateway.postern(["approvals", "approve", one.id], lead);
        }
        return hold !== "";
      });
      expect(existsSync(join(home, "incoming/some"))).toBe(false);
      let over = false;
      void child.finally(() => {
        over = true;
      });
      await door.until("all of it is approved", async () => {
        const { stdout } = await door.postern("approvals", "list", "--json");
        for (const { id } of JSON.parse(stdout) as { id: string }[]) {
          await door.gateway.postern(["approvals", "approve", id], lead);
        }
        return over;
      });
      const { code, stderr } = await child;
      expect(stderr).toContain(`postern approvals approve ${hold}`);
      expect(code).toBe(0);
      expect(far("incoming/some")).toEqual(here("some"));
    },
  );

  withSftp(
    "a client that leaves while it waits leaves nothing to approve, and nothing at the host",
    async () => {
      const password = await door.token("bob", "readers");
      const held = async () =>
        JSON.parse((await door.postern("approvals", "list", "--json")).stdout) as unknown[];
      const batch = `mkdir incoming/left\n`;
      const options = ["-o", "BatchMode=no"];
      const child = door.start(["-b", "-", target], {
        program: "sftp",
        options,
        stdin: batch,
        key: null,
        password,
      });
      await door.until("it is held", async () => (await held()).length > 0);
      child.kill();
      await child.exited;
      await door.until("it is abandoned", async () => (await held()).length === 0);
      expect(existsSync(join(home, "incoming/left"))).toBe(false);
    },
  );

  withSftp("under a mask no file's content leaves, nor by another name", async () => {
    const password = await door.token("mia", "masked");
    const { code, stderr } = await sftp([`get pub/readme ${near}/unmasked`], { password });
    expect([code, existsSync(join(near, "unmasked"))]).toEqual([1, false]);
    expect(stderr).toMatch(/^postern: .*\(sftp\.masked, /m);
  });
});

function digests(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files
      .map((file) => join(file.parentPath, file.name))
      .sort()
      .map((path) => [
        path.slice(folder.length),
        createHash("sha256").update(readFileSync(path)).digest("hex"),
      ]),
  );
}

/** Returns the SHA-256 of what it wrote. */
async function fill(file: string, size: number): Promise<string> {
  const random = new Random(size);
  const piece = Buffer.from(random.bytes(1024 * 1024));
  const hash = createHash("sha256");
  const out = createWriteStream(file);
  for (let index = 0; index < size; index++) {
    piece.writeUInt32BE(index);
    hash.update(piece);
    if (!out.write(Buffer.from(piece))) await new Promise((resolve) => out.once("drain", resolve));
  }
  await new Promise<void>((resolve) => out.end(resolve));
  return hash.digest("hex");
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest("hex");
}
