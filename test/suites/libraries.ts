import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PostgresVersion } from "../servers/postgres.ts";
import { libraryFolder } from "./regress.ts";

/**
 * What a server loads in the regression suite: regress.so, compiled from the suite's folder, and two of its own.
 * `development`: the headers, where Debian's packages would put them below `/`.
 */
export function testLibraries(folder: string, development: string, version: PostgresVersion): string {
  const made = mkdtempSync(join(tmpdir(), "postern-libraries-"));
  const headers = [`${version}/server`, "internal"].map(
    (part) => `-I${development}/usr/include/postgresql/${part}`,
  );
  const source = join(folder, "regress.c");
  const args = ["-w", "-shared", "-fPIC", ...headers, "-o", join(made, "regress.so"), source];
  const { status, stderr } = spawnSync("cc", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  for (const name of ["autoinc.so", "refint.so"])
    copyFileSync(join(libraryFolder(version), name), join(made, name));
  return made;
}
