import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { PosternError } from "../../error.ts";
import { newId } from "../../id.ts";
import type { LoginMethod } from "../../web.ts";
import type { Terminal } from "../terminal.ts";

/** What `postern login` keeps: one gateway, and the token that says who somebody is there. */
export interface StoredLogin {
  /** URL without a slash at its end. */
  readonly gateway: string;
  /** Absolute path of the PEM file that its certificate leads to. */
  readonly ca?: string;
  /** Absent: the token was got elsewhere, and nobody here can renew it. */
  readonly method?: LoginMethod;
  readonly token: string;
  readonly refreshToken?: string;
  /** Epoch milliseconds. */
  readonly obtained: number;
  readonly expires?: number;
}

type Environment = Terminal["env"];

/** The operating system's place for it; undefined: there is no home, and so nothing is kept. */
export function loginFolder(env: Environment, platform = process.platform): string | undefined {
  const { XDG_CONFIG_HOME: configured, HOME: home } = env;
  if (platform === "darwin") return home && join(home, "Library", "Application Support", "postern");
  if (configured) return join(configured, "postern");
  return home && join(home, ".config", "postern");
}

/** undefined: nobody is signed in. Throws PosternError `login.unsafe`, `login.unreadable`. */
export function readLogin(env: Environment): StoredLogin | undefined {
  const folder = loginFolder(env);
  if (folder === undefined) return undefined;
  const path = fileIn(folder);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw unreadable(path, error);
  }
  try {
    const { mode, uid } = fstatSync(file);
    if ((mode & 0o077) !== 0 || uid !== process.getuid?.()) throw unsafe(path);
    return JSON.parse(readFileSync(file, "utf8")) as StoredLogin;
  } catch (error) {
    throw error instanceof PosternError ? error : unreadable(path, error);
  } finally {
    closeSync(file);
  }
}

/** In one step: who reads it finds the old one or the new one, whole. */
export function writeLogin(env: Environment, login: StoredLogin): void {
  const folder = madeFolder(env);
  const path = fileIn(folder);
  const next = `${path}.${newId("new")}`;
  const file = openSync(next, "wx", 0o600);
  try {
    writeSync(file, `${JSON.stringify(login)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
}

export function removeLogin(env: Environment): void {
  const folder = loginFolder(env);
  if (folder !== undefined) rmSync(fileIn(folder), { force: true });
}

/** With mode 0700. Throws PosternError `login.no-home`. */
export function madeFolder(env: Environment): string {
  const folder = loginFolder(env);
  if (folder === undefined) {
    throw new PosternError("login.no-home", "There is no place to keep a login: HOME is not set.", {
      hint: "Set HOME or XDG_CONFIG_HOME; or keep the token yourself, and set POSTERN_TOKEN.",
    });
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return folder;
}

function fileIn(folder: string): string {
  return join(folder, "login.json");
}

function unsafe(path: string): PosternError {
  return new PosternError("login.unsafe", `Others can read ${path}, and be you with what it holds.`, {
    hint: `Treat the login as lost: rm ${path}, end it at your identity provider, and sign in again.`,
  });
}

function unreadable(path: string, cause: unknown): PosternError {
  return new PosternError("login.unreadable", `${path} cannot be read.`, {
    hint: "Remove it, and sign in again with `postern login`.",
    cause,
  });
}
