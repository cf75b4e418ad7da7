import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { newId } from "../../id.ts";
import type { IssuedFor } from "../connect/known.ts";

/** A credential that serves until it ends, so that a client that asks often stays one session. */
interface Kept extends IssuedFor {
  /** Of the token that it was issued for: whoever signs in as somebody else is not given it. */
  readonly by: string;
  readonly resource: string;
}

/** Milliseconds that one must still be good for. */
const enough = 30_000;

/** undefined: there is none, it ends soon, it is another person's, or others may have written it. */
export function readKept(path: string, token: string | undefined, resource: string): IssuedFor | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const { mode, uid } = fstatSync(file);
    if ((mode & 0o077) !== 0 || uid !== process.getuid?.()) return undefined;
    const kept = JSON.parse(readFileSync(file, "utf8")) as Kept;
    const same = kept.by === digest(token) && kept.resource === resource;
    return same && kept.expires > Date.now() + enough ? kept : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** In one step, for its owner alone. */
export function writeKept(
  path: string,
  token: string | undefined,
  resource: string,
  { user, password, expires }: IssuedFor,
): void {
  const next = `${path}.${newId("new")}`;
  const kept: Kept = { by: digest(token), resource, user, password, expires };
  writeFileSync(next, JSON.stringify(kept), { mode: 0o600, flag: "wx" });
  renameSync(next, path);
}

function digest(token: string | undefined): string {
  return createHash("sha256")
    .update(token ?? "")
    .digest("hex");
}
