import { statfsSync, statSync } from "node:fs";
import manifest from "../../../package.json" with { type: "json" };
import { type Finding, fail, ok, warn } from "./finding.ts";

const wanted = manifest.dependencies.bun;
/** Bytes. */
const scarce = 1 << 30;
const tooLittle = 100 << 20;

export function bunVersion(version: string = Bun.version): Finding {
  const check = "bun";
  if (version === wanted) return ok(check, version);
  return warn(
    check,
    `${version} runs this, ${wanted} is what it is tested with`,
    "Start it by `npx postern`.",
  );
}

export function dataFolderMode(folder: string): Finding {
  const check = "data folder";
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found)
    return warn(
      check,
      `${folder} is not there`,
      "The first `postern serve` makes it; or name another: --data DIR.",
    );
  if (!found.isDirectory()) return fail(check, `${folder} is no folder`, "Name another: --data DIR.");
  const uid = process.getuid?.();
  if (uid !== undefined && uid !== 0 && found.uid !== uid) {
    return fail(check, `${folder} belongs to another user`, "Run this as the user of the gateway.");
  }
  if ((found.mode & 0o077) !== 0) return fail(check, `others can look into ${folder}`, `chmod 700 ${folder}`);
  return ok(check, folder);
}

export function diskRoom(folder: string): Finding {
  const check = "disk";
  const { bavail, bsize } = statfsSync(folder);
  const room = bavail * bsize;
  const message = `${(room / (1 << 30)).toFixed(1)} GB are free for trail and recordings`;
  if (room >= scarce) return ok(check, message);
  const hint = "Make room: when the trail cannot be written, operations are refused.";
  return room >= tooLittle ? warn(check, message, hint) : fail(check, message, hint);
}
