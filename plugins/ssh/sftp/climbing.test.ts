import { afterAll, expect } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs, testWith } from "../../../test/needs.ts";
import { Fields } from "../keys/fields.ts";
import { string, uint32 } from "../message.ts";
import { bodyAt, openFlags, statuses, types } from "./message.ts";
import { Rules } from "./testing/rules.ts";
import { Talk } from "./testing/talk.ts";

const home = realpathSync(mkdtempSync(join(tmpdir(), "postern-sftp-climb-")));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const { permissionDenied, ok } = statuses;
const withServer = testWith(needs.sftpServer);
const mode = (bits: number) => Buffer.concat([uint32(4), uint32(bits)]);

let folders = 0;
/** `open` is all that the rule allows. In it lie links that somebody else made, some of which lead out. */
async function begin() {
  const root = join(home, String(folders++));
  const [open, shut] = [join(root, "open"), join(root, "shut")];
  mkdirSync(join(open, "deep/deeper"), { recursive: true });
  mkdirSync(shut);
  writeFileSync(join(shut, "secret"), "secret content");
  chmodSync(join(shut, "secret"), 0o600);
  writeFileSync(join(open, "file"), "open content");
  writeFileSync(join(open, "deep/file"), "deep content");
  // Leads to open/file; one folder higher it would lead to ROOT/file, two higher beyond.
  symlinkSync("../../file", join(open, "deep/deeper/climbs"));
  symlinkSync(join(shut, "secret"), join(open, "absolute"));
  symlinkSync("../shut", join(open, "folder"));
  symlinkSync("deep/file", join(open, "below"));
  const all = [`${open}/*`];
  const rules = new Rules({ read: all, write: all, delete: all });
  const talk = await Talk.begin(rules, root);
  const extended = (name: string, ...parts: Uint8Array[]) =>
    talk.status(types.extended, string(name), ...parts);
  return { root, open, shut, rules, talk, extended };
}

const names = ["rename", "posix-rename@openssh.com", "hardlink@openssh.com"] as const;
for (const name of names) {
  withServer(`${name}: somebody else's link is not moved to where it leads out of the folder`, async () => {
    const { open, shut, talk, extended } = await begin();
    const move = (from: string, to: string) =>
      name === "rename"
        ? talk.status(types.rename, string(from), string(to))
        : extended(name, string(from), string(to));
    for (const [from, to] of [
      ["open/deep/deeper/climbs", "open/moved"],
      ["open/deep/deeper/../deeper//climbs", "open/deep/moved"],
      ["open/absolute", "open/moved"],
      ["open/folder", "open/moved"],
      ["open/folder/", "open/moved"],
      ["open/below", "shut/moved"],
      ["open/file", "open/folder/moved"],
    ] as const) {
      expect([from, await move(from, to)]).toEqual([from, permissionDenied]);
    }
    expect(await move("open/below", "open/moved")).toBe(ok);
    expect(await move("open/file", "open/absolute")).toBe(name === "posix-rename@openssh.com" ? ok : 4);
    await talk.close();
    expect(readlinkSync(join(open, "moved"))).toBe("deep/file");
    expect(existsSync(join(shut, "moved"))).toBe(false);
    expect(readFileSync(join(shut, "secret"), "utf8")).toBe("secret content");
  });
}

withServer(
  "attributes are set through no link out of the folder, by path, by link or by handle",
  async () => {
    const { shut, open, talk, extended } = await begin();
    expect(await talk.status(types.setstat, string("open/absolute"), mode(0o777))).toBe(permissionDenied);
    expect(await talk.status(types.setstat, string("open/folder/secret"), mode(0o777))).toBe(
      permissionDenied,
    );
    for (const path of ["open/folder/secret", "open/../shut/secret", "open/folder/."]) {
      expect(await extended("lsetstat@openssh.com", string(path), mode(0o777))).toBe(permissionDenied);
    }
    // The link itself is the caller's to change; what it leads to is not touched.
    for (const path of ["open/absolute", "open/absolute/"]) {
      await extended("lsetstat@openssh.com", string(path), mode(0o777));
    }
    const read = (await talk.open("open/file")) as Buffer;
    expect(await talk.status(types.fsetstat, string(read), mode(0o640))).toBe(ok);
    expect(await talk.status(types.fsetstat, string("0000"), mode(0o640))).toBe(statuses.failure);
    await talk.close();
    expect(statSync(join(shut, "secret")).mode & 0o777).toBe(0o600);
    expect(statSync(join(open, "file")).mode & 0o777).toBe(0o640);
  },
);

withServer("copy-data moves nothing between files of which one is not open for it", async () => {
  const { talk, extended, open, rules } = await begin();
  const zeros = Buffer.alloc(16);
  const copy = (from: Buffer, to: Buffer) =>
    extended("copy-data", string(from), zeros, string(to), Buffer.alloc(8));
  const source = (await talk.open("open/file")) as Buffer;
  const target = (await talk.open("open/copy", openFlags.write | openFlags.create)) as Buffer;
  expect(await talk.open("open/absolute")).toBe(permissionDenied);
  for (const [from, to] of [
    [target, source],
    [source, source],
    [target, target],
    [Buffer.from("0000"), target],
  ] as const) {
    expect(await copy(from, to)).toBe(statuses.failure);
  }
  expect(await copy(source, target)).toBe(ok);
  rules.rights = { write: [`${open}/*`] };
  expect(await copy(source, target)).toBe(permissionDenied);
  await talk.close();
  expect(readFileSync(join(open, "copy"), "utf8")).toBe("open content");
});

withServer("expand-path tells no more than what may be seen", async () => {
  const { talk, open, rules } = await begin();
  rules.rights = { read: [`${open}/*`, "~root/*"] };
  const expand = (path: string) => talk.ask(types.extended, string("expand-path@openssh.com"), string(path));
  for (const path of ["/etc", "~/../shut", "open/absolute", "open/folder/x", "~root/../etc", "~nobody/x"]) {
    expect([path, (await expand(path)).type]).toEqual([path, types.status]);
  }
  const told = new Fields((await expand("open/below")).bytes.subarray(bodyAt));
  expect([told.uint32(), told.text()]).toEqual([1, join(open, "deep/file")]);
  await talk.close();
});

withServer(
  "a rename that waits is refused when a link that leads out has taken the file's place",
  async () => {
    const { talk, open, rules } = await begin();
    rules.held = (text) => text.startsWith("rename");
    const waits = new Promise<void>((resolve) => {
      rules.waits = resolve;
    });
    const answer = talk.status(types.rename, string("open/below"), string("open/moved"));
    await waits;
    expect(rules.texts().at(-1)).toBe(`rename ${open}/below ${open}/moved (a link to "deep/file")`);
    rmSync(join(open, "below"));
    symlinkSync("../shut/secret", join(open, "below"));
    rules.holds[0]?.approve();
    expect(await answer).toBe(permissionDenied);
    await talk.close();
    expect(existsSync(join(open, "moved"))).toBe(false);
  },
);
