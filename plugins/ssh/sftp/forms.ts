import type { Action } from "../../../core/plugin.ts";
import { types } from "./message.ts";
import { canonical, split } from "./path.ts";

/** What one kind of request does to the paths that it names. */
export interface PathForm {
  /** As the trail names it: sftp-server's own words. */
  readonly verb: string;
  /** For each path: whether the host follows it where it ends in a symbolic link. */
  readonly follows: readonly boolean[];
  readonly attributes?: true;
  /** The first path's file has the second one's name afterwards: a link there is a link made anew. */
  readonly carries?: true;
  actions(first: string, second: string): Action[];
}

/** A right to what lies under a folder is one to see the folder. */
export function look(path: string): Action {
  return { effect: "read", on: path, within: path.endsWith("/") ? path : `${path}/` };
}

const looks = (path: string) => [look(path)];
const writes = (path: string): Action[] => [{ effect: "write", on: path }];
const deletes = (path: string): Action[] => [{ effect: "delete", on: path }];
/** Who could not read it where it was, shall not where it is going to be. */
const moves = (from: string, to: string): Action[] => [
  { effect: "read", on: from },
  { effect: "delete", on: from },
  { effect: "write", on: to },
];
/** What is written under one of two names is written under both. */
const links = (from: string, to: string): Action[] => [
  { effect: "read", on: from },
  { effect: "write", on: from },
  { effect: "write", on: to },
];

/**
 * What a symbolic link that says this makes of what it leads to: whoever follows it there reads and writes. One that
 * climbs leads elsewhere once it, or what it climbs from, is moved; `null`: nobody knows what it says.
 */
export function leads(says: string | null, link: string): Action[] {
  const target =
    says === null || says.split("/").includes("..") ? "*" : canonical(says, split(link)?.folder ?? "/");
  return [
    { effect: "read", on: target },
    { effect: "write", on: target },
  ];
}

/** By the type of the message. OPEN and SYMLINK have forms of their own. */
export const pathForms: ReadonlyMap<number, PathForm> = new Map<number, PathForm>([
  [types.lstat, { verb: "lstat", follows: [false], actions: looks }],
  [types.stat, { verb: "stat", follows: [true], actions: looks }],
  [types.realpath, { verb: "realpath", follows: [true], actions: looks }],
  [types.readlink, { verb: "readlink", follows: [false], actions: looks }],
  [types.opendir, { verb: "opendir", follows: [true], actions: looks }],
  [types.setstat, { verb: "setstat", follows: [true], attributes: true, actions: writes }],
  [types.mkdir, { verb: "mkdir", follows: [false], attributes: true, actions: writes }],
  [types.remove, { verb: "remove", follows: [false], actions: deletes }],
  [types.rmdir, { verb: "rmdir", follows: [false], actions: deletes }],
  [types.rename, { verb: "rename", follows: [false, false], carries: true, actions: moves }],
]);

/** OpenSSH's extensions that name paths (its PROTOCOL file, 4). */
export const pathExtensions: ReadonlyMap<string, PathForm> = new Map<string, PathForm>([
  [
    "posix-rename@openssh.com",
    { verb: "posix-rename", follows: [false, false], carries: true, actions: moves },
  ],
  ["hardlink@openssh.com", { verb: "hardlink", follows: [false, false], carries: true, actions: links }],
  ["lsetstat@openssh.com", { verb: "lsetstat", follows: [false], attributes: true, actions: writes }],
  ["statvfs@openssh.com", { verb: "statvfs", follows: [true], actions: looks }],
]);

/** Those that name an open handle and do nothing but what opening it allowed. */
export const handleExtensions: ReadonlySet<string> = new Set(["fstatvfs@openssh.com", "fsync@openssh.com"]);

/** Those that touch no file: the server's limits, the names of users and groups for a listing. */
export const freeExtensions: ReadonlySet<string> = new Set([
  "limits@openssh.com",
  "users-groups-by-id@openssh.com",
]);

/** The others that are told apart: see `home.ts` and `handle-requests.ts`. */
export const homeExtensions: ReadonlySet<string> = new Set(["expand-path@openssh.com", "home-directory"]);
export const copyData = "copy-data";

/** What callers are told that the host knows, where it does. */
export function announced(extension: string): boolean {
  return (
    pathExtensions.has(extension) ||
    handleExtensions.has(extension) ||
    freeExtensions.has(extension) ||
    homeExtensions.has(extension) ||
    extension === copyData
  );
}
