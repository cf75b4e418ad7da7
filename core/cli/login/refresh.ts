import { join } from "node:path";
import { PosternError } from "../../error.ts";
import { Declined, tokensFrom } from "../../identity/token-endpoint.ts";
import { type Lock, takeLock } from "../../supervisor/lock.ts";
import type { Terminal } from "../terminal.ts";
import { discover } from "./provider.ts";
import { madeFolder, readLogin, type StoredLogin, writeLogin } from "./stored.ts";

/** The latest before its end that a token is renewed (milliseconds), where it lives long enough. */
const margin = 60_000;
/** Milliseconds between two looks at the lock of another process. */
const look = 20;

/** The stored login's token, renewed where it ends soon. Throws PosternError `login.expired`, `login.provider`. */
export async function freshToken(terminal: Terminal): Promise<string | undefined> {
  const known = readLogin(terminal.env);
  if (!known || !endsSoon(known)) return known?.token;
  return alone(terminal, async () => {
    const now = readLogin(terminal.env);
    if (!now || !endsSoon(now)) return now?.token;
    const renewed = await renew(now, terminal.signal);
    if (renewed !== now) writeLogin(terminal.env, renewed);
    return renewed.token;
  });
}

/** A refresh token that is used twice is taken for stolen: one process renews, the others wait and read. */
export async function alone<T>({ env, signal }: Terminal, work: () => Promise<T>): Promise<T> {
  const lock = await taken(join(madeFolder(env), "login.lock"), signal);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** The same login with new tokens, or as it is while it holds and cannot be renewed. */
async function renew(login: StoredLogin, signal: AbortSignal): Promise<StoredLogin> {
  const { method, refreshToken } = login;
  const alive = (login.expires ?? 0) > Date.now();
  if (refreshToken === undefined || method?.kind !== "oidc") {
    if (alive) return login;
    throw expired();
  }
  const fields = {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: method.clientId,
  };
  try {
    const { token: url } = await discover(method.issuer, signal);
    const { expires: _, ...lasting } = login;
    return { ...lasting, ...(await tokensFrom({ url }, fields, signal)) };
  } catch (error) {
    if (alive) return login;
    throw error instanceof Declined ? expired(error) : error;
  }
}

function endsSoon({ obtained, expires }: StoredLogin): boolean {
  if (expires === undefined) return false;
  return expires - Date.now() < Math.min(margin, (expires - obtained) / 4);
}

async function taken(path: string, signal: AbortSignal): Promise<Lock> {
  for (;;) {
    const lock = takeLock(path);
    if ("release" in lock) return lock;
    signal.throwIfAborted();
    await Bun.sleep(look);
  }
}

function expired(cause?: Declined): PosternError {
  const why = cause ? `: ${cause.message} (${cause.error})` : "";
  return new PosternError("login.expired", `Your login has ended${why}.`, {
    hint: "Sign in again: postern login",
    ...(cause ? { cause } : {}),
  });
}
