import { afterAll, describe, expect } from "bun:test";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs, testWith } from "../../../test/needs.ts";
import { Fields } from "../keys/fields.ts";
import { string, uint32 } from "../message.ts";
import { bodyAt, encode, openFlags, statuses, statusOf, types } from "./message.ts";
import { Rules } from "./testing/rules.ts";
import { Talk } from "./testing/talk.ts";

const home = realpathSync(mkdtempSync(join(tmpdir(), "postern-sftp-")));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const uint64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
const noAttributes = uint32(0);
const { permissionDenied, ok } = statuses;
const withServer = testWith(needs.sftpServer);

let folders = 0;
/** A folder `open` that a rule allows, `shut` that none does, a file in each, and links out of `open`. */
function folder() {
  const root = join(home, String(folders++));
  const [open, shut] = [join(root, "open"), join(root, "shut")];
  mkdirSync(open, { recursive: true });
  mkdirSync(shut);
  writeFileSync(join(open, "file"), "open content");
  writeFileSync(join(shut, "secret"), "secret content");
  symlinkSync(join(shut, "secret"), join(open, "link"));
  symlinkSync(shut, join(open, "folder"));
  symlinkSync(join(shut, "new"), join(open, "dangling"));
  return { root, open, shut };
}

function rightsTo(open: string) {
  const all = [`${open}/*`];
  return { read: all, write: all, delete: all };
}

describe("what is read and written", () => {
  withServer("passes as it is, and its size and hash are kept", async () => {
    const { root, open } = folder();
    const rules = new Rules(rightsTo(open));
    const talk = await Talk.begin(rules, root);
    const read = (await talk.open("open/file")) as Buffer;
    const data = await talk.ask(types.read, string(read), uint64(0), uint32(1000));
    expect(new Fields(data.bytes.subarray(bodyAt)).bytesField().toString()).toBe("open content");
    expect(await talk.status(types.close, string(read))).toBe(ok);
    const made = (await talk.open("open/made", openFlags.write | openFlags.create)) as Buffer;
    for (const [offset, text] of [
      [0, "one"],
      [3, "two"],
    ] as const) {
      expect(await talk.status(types.write, string(made), uint64(offset), string(text))).toBe(ok);
    }
    expect(await talk.status(types.close, string(made))).toBe(ok);
    await talk.close();
    expect(readFileSync(join(open, "made"), "utf8")).toBe("onetwo");
    const [readHash, madeHash] = [sha256(Buffer.from("open content")), sha256(Buffer.from("onetwo"))];
    expect(talk.events).toEqual([
      { event: "file", operation: "read", path: `${open}/file`, bytes: 12, sha256: readHash },
      { event: "file", operation: "write", path: `${open}/made`, bytes: 6, sha256: madeHash },
    ]);
    expect(rules.texts()).toEqual([`open ${open}/file flags=read`, `open ${open}/made flags=write,create`]);
    expect(rules.outcomes.map(({ outcome }) => outcome)).toEqual([
      { result: "ok", bytes: 12 },
      { result: "ok", received: { bytes: 6, sha256: madeHash } },
    ]);
  });

  withServer("has no hash where it came out of order", async () => {
    const { root, open } = folder();
    const talk = await Talk.begin(new Rules(rightsTo(open)), root);
    const made = (await talk.open("open/made", openFlags.write | openFlags.create)) as Buffer;
    for (const offset of [3, 0]) await talk.status(types.write, string(made), uint64(offset), string("abc"));
    await talk.status(types.close, string(made));
    await talk.close();
    expect(talk.events).toEqual([{ event: "file", operation: "write", path: `${open}/made`, bytes: 6 }]);
  });

  withServer("stops where a policy of today would not allow it again", async () => {
    const { root, open } = folder();
    const rules = new Rules(rightsTo(open));
    const talk = await Talk.begin(rules, root);
    const read = (await talk.open("open/file")) as Buffer;
    rules.rights = {};
    expect(await talk.status(types.read, string(read), uint64(0), uint32(10))).toBe(permissionDenied);
    expect(await talk.status(types.close, string(read))).toBe(ok);
    await talk.close();
  });
});

describe("a rule on one folder", () => {
  const reading: readonly string[] = [
    "shut/secret",
    "open/../shut/secret",
    "open//..//shut/./secret",
    "open/link",
    "open/folder/secret",
    "open/folder/../shut/secret",
    "open/./folder//secret",
    "/proc/self/cwd/shut/secret",
    "open/link/",
  ];
  for (const path of reading) {
    withServer(`does not let anybody read ${path}`, async () => {
      const { root, open } = folder();
      const talk = await Talk.begin(new Rules(rightsTo(open)), root);
      for (const flags of [openFlags.read, 0, openFlags.append]) {
        const got = await talk.open(path, flags);
        expect(typeof got).toBe("number");
        expect(got).not.toBe(ok);
      }
      for (const type of [types.stat, types.opendir, types.realpath]) {
        const answer = await talk.ask(type, string(path));
        expect(answer.type).toBe(types.status);
      }
      await talk.close();
    });
  }

  withServer("does not let anybody write out of it by a link, dangling or not", async () => {
    const { root, open, shut } = folder();
    const talk = await Talk.begin(new Rules(rightsTo(open)), root);
    const { write, create, truncate, read } = openFlags;
    for (const path of ["open/link", "open/folder/new", "open/dangling", "open/../shut/new"]) {
      for (const flags of [write, write | create, create, truncate, read | truncate]) {
        expect(await talk.open(path, flags)).toBe(permissionDenied);
      }
    }
    expect(await talk.status(types.setstat, string("open/link"), uint32(4), uint32(0o777))).toBe(
      permissionDenied,
    );
    expect(await talk.status(types.mkdir, string("open/folder/new"), noAttributes)).toBe(permissionDenied);
    expect(await talk.status(types.remove, string("open/folder/secret"))).toBe(permissionDenied);
    expect(await talk.status(types.rmdir, string("open/folder/."))).toBe(permissionDenied);
    await talk.close();
    expect(existsSync(join(shut, "new"))).toBe(false);
    expect(readFileSync(join(shut, "secret"), "utf8")).toBe("secret content");
  });

  withServer("does not let anybody bring a file into it, or out of it, under another name", async () => {
    const { root, open, shut } = folder();
    const talk = await Talk.begin(new Rules(rightsTo(open)), root);
    const extended = (name: string, ...paths: string[]) =>
      talk.status(types.extended, string(name), ...paths.map((path) => string(path)));
    for (const [from, to] of [
      ["shut/secret", "open/mine"],
      ["open/folder/secret", "open/mine"],
      ["open/file", "shut/theirs"],
      ["open/file", "open/folder/theirs"],
    ] as const) {
      expect(await talk.status(types.rename, string(from), string(to))).toBe(permissionDenied);
      expect(await extended("posix-rename@openssh.com", from, to)).toBe(permissionDenied);
      expect(await extended("hardlink@openssh.com", from, to)).toBe(permissionDenied);
    }
    for (const target of [join(shut, "secret"), "../shut/secret", "/etc", "../open/file"]) {
      expect(await talk.status(types.symlink, string(target), string("open/made"))).toBe(permissionDenied);
    }
    await talk.close();
    expect(existsSync(join(open, "mine"))).toBe(false);
    expect(existsSync(join(shut, "theirs"))).toBe(false);
    expect(existsSync(join(open, "made"))).toBe(false);
  });

  withServer("lets its own files be removed, renamed and linked, a link itself too", async () => {
    const { root, open, shut } = folder();
    const talk = await Talk.begin(new Rules(rightsTo(open)), root);
    expect(await talk.status(types.remove, string("open/link"))).toBe(ok);
    expect(await talk.status(types.rename, string("open/file"), string("open/renamed"))).toBe(ok);
    expect(await talk.status(types.symlink, string("renamed"), string("open/made"))).toBe(ok);
    await talk.close();
    expect(readFileSync(join(open, "made"), "utf8")).toBe("open content");
    expect(readFileSync(join(shut, "secret"), "utf8")).toBe("secret content");
  });
});

describe("a refusal", () => {
  withServer("names rule, code and session, is said once, and the conversation goes on", async () => {
    const { root, open, shut } = folder();
    const talk = await Talk.begin(new Rules(rightsTo(open)), root);
    for (const _ of [1, 2]) {
      const answer = await talk.ask(types.remove, string("shut/secret"));
      const fields = new Fields(answer.bytes.subarray(bodyAt));
      expect(fields.uint32()).toBe(permissionDenied);
      expect(fields.text()).toBe(
        `policy.denied: no rule lets alice delete ${shut}/secret (rule files) [ses_test]`,
      );
    }
    expect(talk.said).toHaveLength(1);
    expect((await talk.ask(types.stat, string("open/file"))).type).toBe(types.attrs);
    await talk.close();
  });

  withServer("of what is not known is one as the protocol has it", async () => {
    const { root, open } = folder();
    const rules = new Rules(rightsTo(open));
    const talk = await Talk.begin(rules, root);
    expect(await talk.status(types.extended, string("evil@example.com"), string("x"))).toBe(
      statuses.unsupported,
    );
    expect(await talk.status(77, string("x"))).toBe(statuses.unsupported);
    expect(rules.asked.flatMap(({ actions }) => actions.map(({ effect }) => effect))).toEqual([
      "unknown",
      "unknown",
    ]);
    await talk.close();
  });

  withServer("meets paths that no rule can speak of", async () => {
    const { root } = folder();
    const rules = new Rules({ read: ["*"], write: ["*"], delete: ["*"] });
    const talk = await Talk.begin(rules, root);
    for (const path of [Buffer.from("open/file\0"), Buffer.from([0xff, 0x41])]) {
      expect(await talk.status(types.remove, string(path))).toBe(statuses.failure);
    }
    expect(rules.asked).toEqual([]);
    await talk.close();
    expect(existsSync(join(root, "open/file"))).toBe(true);
  });

  withServer("meets content under a mask, in each way to it; names and errors pass it", async () => {
    const { root } = folder();
    const rules = new Rules({ read: ["*"], write: ["*"], delete: ["*"] });
    const hide = (text: string) => text.replaceAll("secret", "******");
    rules.answer = {
      stream: (chunk) => ({ ...chunk, bytes: Buffer.from(hide(Buffer.from(chunk.bytes).toString())) }),
      text: (_kind, text) => hide(text),
    };
    const talk = await Talk.begin(rules, root);
    expect(await talk.open("shut/secret")).toBe(permissionDenied);
    expect(await talk.status(types.rename, string("shut/secret"), string("open/x"))).toBe(permissionDenied);
    expect(await talk.open("open/new", openFlags.read | openFlags.write | openFlags.create)).toBe(
      permissionDenied,
    );
    const handle = (await talk.open("open/new", openFlags.write | openFlags.create)) as Buffer;
    expect(await talk.status(types.read, string(handle), uint64(0), uint32(9))).toBe(statuses.failure);
    const listed = new Fields(
      (await talk.ask(types.opendir, string("shut"))).bytes.subarray(bodyAt),
    ).bytesField();
    const names = (await talk.ask(types.readdir, string(listed))).bytes.toString("latin1");
    expect(names).toContain("******");
    expect(names).not.toContain("secret");
    const users = [string("users-groups-by-id@openssh.com"), string(uint32(0)), string(uint32(0))];
    expect(await talk.status(types.extended, ...users)).toBe(statuses.unsupported);
    rules.answer = undefined;
    expect((await talk.ask(types.extended, ...users)).bytes.toString("latin1")).toContain("root");
    await talk.close();
    expect(talk.said.join()).toContain("sftp.masked");
  });
});

describe("an operation that waits for a person", () => {
  withServer("holds up what is behind it, in order, and goes on when it is approved", async () => {
    const { root, open } = folder();
    const rules = new Rules(rightsTo(open), (text) => text.startsWith("remove"));
    writeFileSync(join(open, "other"), "other content");
    const talk = await Talk.begin(rules, root);
    const waits = new Promise<void>((resolve) => {
      rules.waits = resolve;
    });
    talk.send(encode(types.remove, 71, string("open/file")));
    talk.send(encode(types.rename, 72, string("open/other"), string("open/file")));
    await waits;
    expect(talk.said.join()).toContain(`waits: remove ${open}/file`);
    expect(existsSync(join(open, "file"))).toBe(true);
    expect(rules.asked).toHaveLength(1);
    rules.holds[0]?.approve();
    const answers = [await talk.next(), await talk.next()];
    expect(answers.map((answer) => [answer.id, statusOf(answer)])).toEqual([
      [71, ok],
      [72, ok],
    ]);
    await talk.close();
  });

  withServer("is not what was approved when a link leads elsewhere meanwhile", async () => {
    const { root, open, shut } = folder();
    const rules = new Rules(rightsTo(open), (text) => text.startsWith("remove"));
    mkdirSync(join(open, "sub"));
    writeFileSync(join(open, "sub/secret"), "mine");
    const talk = await Talk.begin(rules, root);
    const waits = new Promise<void>((resolve) => {
      rules.waits = resolve;
    });
    talk.send(encode(types.remove, 71, string("open/sub/secret")));
    await waits;
    rmSync(join(open, "sub"), { recursive: true });
    symlinkSync(shut, join(open, "sub"));
    rules.holds[0]?.approve();
    expect(statusOf(await talk.next())).toBe(permissionDenied);
    await talk.close();
    expect(existsSync(join(shut, "secret"))).toBe(true);
  });
});
