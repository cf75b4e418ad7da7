import { expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loginFolder, readLogin, removeLogin, type StoredLogin, writeLogin } from "./stored.ts";

const home = () => mkdtempSync(join(tmpdir(), "postern-home-"));
const login: StoredLogin = { gateway: "https://gw.example.com", token: "secret", obtained: 1 };
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
const codeOf = (read: () => unknown) => {
  try {
    read();
    return "taken";
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test("the operating system's own place", () => {
  expect(loginFolder({ HOME: "/home/a" }, "linux")).toBe("/home/a/.config/postern");
  expect(loginFolder({ HOME: "/home/a", XDG_CONFIG_HOME: "/c" }, "linux")).toBe("/c/postern");
  expect(loginFolder({ HOME: "/Users/a" }, "darwin")).toBe("/Users/a/Library/Application Support/postern");
  expect(loginFolder({}, "linux")).toBeUndefined();
});

test("what is written is its owner's alone, whatever the folder and the umask were, and nothing is left beside it", () => {
  const HOME = home();
  const folder = join(HOME, ".config", "postern");
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const umask = process.umask(0);
  try {
    writeLogin({ HOME }, login);
    writeLogin({ HOME }, { ...login, token: "next" });
  } finally {
    process.umask(umask);
  }
  expect([mode(folder), mode(join(folder, "login.json"))]).toEqual(["700", "600"]);
  expect(readdirSync(folder)).toEqual(["login.json"]);
  expect(readLogin({ HOME })?.token).toBe("next");
  removeLogin({ HOME });
  removeLogin({ HOME });
  expect(readLogin({ HOME })).toBeUndefined();
});

test("a file that others can read or write is not used, a link to one neither", () => {
  const HOME = home();
  writeLogin({ HOME }, login);
  const file = join(HOME, ".config", "postern", "login.json");
  for (const bits of [0o604, 0o640, 0o620, 0o602]) {
    chmodSync(file, bits);
    expect(codeOf(() => readLogin({ HOME }))).toBe("login.unsafe");
  }
  const open = join(HOME, "open.json");
  writeFileSync(open, JSON.stringify(login), { mode: 0o644 });
  removeLogin({ HOME });
  symlinkSync(open, file);
  expect(codeOf(() => readLogin({ HOME }))).toBe("login.unsafe");
});

test("what is no login says so, without its content", () => {
  const HOME = home();
  writeLogin({ HOME }, login);
  writeFileSync(join(HOME, ".config", "postern", "login.json"), "secret");
  expect(codeOf(() => readLogin({ HOME }))).toBe("login.unreadable");
});

test("without a home nobody is signed in, and nothing is kept", () => {
  expect(readLogin({})).toBeUndefined();
  expect(codeOf(() => writeLogin({}, login))).toBe("login.no-home");
});
