import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface Initdb {
  /** A folder with `initdb` that `owner` can reach. */
  readonly bin: string;
  /** Who the server runs as; undefined: whoever runs this. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly auth: string;
  readonly password: string;
}

/** Of the superuser, unless a test needs one of its own. */
export const usualPassword = "fixture-password";

const cache = join(import.meta.dirname, "../.cache");

/**
 * Makes the data folder of a server at `data`, which is not there yet. With the usual password it is a copy of what
 * `initdb` made for the first that asked for the same: a copy takes a tenth of its time.
 */
export function makeDataFolder(wanted: Initdb, data: string): void {
  const { bin, owner, auth, password } = wanted;
  if (password !== usualPassword) return initdb(wanted, data);
  const version = spawnSync(join(bin, "postgres"), ["--version"], { encoding: "utf8" }).stdout;
  const key = createHash("sha256").update(`${version} ${auth}`).digest("hex");
  const kept = join(cache, `initdb-${key.slice(0, 16)}`);
  if (!existsSync(kept)) keep(wanted, kept);
  cpSync(kept, data, { recursive: true });
  chmodSync(data, 0o700);
  if (owner === undefined) return;
  const inside = readdirSync(data, { recursive: true, encoding: "utf8" }).map((path) => join(data, path));
  for (const path of [data, ...inside]) chownSync(path, owner.uid, owner.gid);
}

/** Made elsewhere, since the server's user may not reach the cache. */
function keep(wanted: Initdb, kept: string): void {
  const work = mkdtempSync(join(tmpdir(), "postern-initdb-"));
  try {
    initdb(wanted, join(work, "data"));
    const own = `${kept}.${process.pid}`;
    mkdirSync(cache, { recursive: true });
    cpSync(join(work, "data"), own, { recursive: true });
    try {
      renameSync(own, kept);
    } catch {
      // Another process was first.
      rmSync(own, { recursive: true, force: true });
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function initdb({ bin, owner, auth, password }: Initdb, data: string): void {
  const folder = dirname(data);
  const secret = join(folder, "password");
  writeFileSync(secret, `${password}\n`);
  for (const path of [folder, secret]) if (owner) chownSync(path, owner.uid, owner.gid);
  const made = spawnSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "--pwfile", secret, "-E", "UTF8", "--locale", "C", "--no-sync"].concat([
      "--auth-local",
      "trust",
      "--auth-host",
      auth,
    ]),
    { ...owner, cwd: folder, encoding: "utf8" },
  );
  rmSync(secret);
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr || made.error}`);
}
