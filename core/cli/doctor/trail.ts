import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { verifyTrail } from "../../trail/verify.ts";
import { publicKeyFile } from "../audit/verify.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Bytes of trail that a check-up may walk. */
const much = 512 << 20;

export function trailState(folder: string): Finding {
  const check = "trail";
  const trail = join(folder, "trail");
  const key = publicKeyFile(folder);
  if (!existsSync(trail)) return ok(check, "nothing has been written yet");
  if (!existsSync(key))
    return fail(check, `its public key ${key} is gone`, "Put the copy back that you keep elsewhere.");
  const bytes = readdirSync(trail, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(trail, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
  if (bytes > much) {
    return warn(
      check,
      `${Math.round(bytes / (1 << 20))} MB are too much for a check-up`,
      "Run `postern audit verify`.",
    );
  }
  const { ok: whole, streams, findings } = verifyTrail(folder, readFileSync(key, "utf8"));
  if (whole) return ok(check, `${streams.length} streams are whole`);
  return fail(check, findings[0]?.message ?? "it is not what was written", "Run `postern audit verify`.");
}
