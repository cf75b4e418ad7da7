import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RegressInput } from "./regress.ts";

/** A module of PostgreSQL's with tests of its own: `hstore` of contrib, `plpgsql` of src/pl. */
export interface TestedModule {
  readonly name: string;
  readonly folder: string;
  /** In the order of its Makefile. */
  readonly tests: readonly string[];
}

/** The database that their tests are run in. */
export const moduleDatabase = "contrib_regression";

/** Those below a folder whose tests a server can play that was not set up for them (no NO_INSTALLCHECK, no --temp-config). */
export function testedModules(below: string): TestedModule[] {
  return readdirSync(below, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("Makefile"))
    .sort()
    .flatMap((path) => {
      const folder = join(below, path, "..");
      const makefile = readFileSync(join(below, path), "utf8").replaceAll("\\\n", " ");
      // What stands in a variable depends on how the server was built.
      const named = /^REGRESS\s*=(.*)$/m.exec(makefile)?.[1]?.replace(/\$\(\w+\)/g, "");
      const tests = named?.match(/[\w-]+/g) ?? [];
      const setUp = /^NO_INSTALLCHECK|--temp-config|--load-extension|--encoding/m.test(makefile);
      return tests.length === 0 || setUp || !existsSync(join(folder, "sql"))
        ? []
        : { name: path.split("/").slice(0, -1).join("/"), folder, tests };
    });
}

export function moduleInput(program: string, { folder, tests }: TestedModule): RegressInput {
  return { program, schedule: tests, folder, database: moduleDatabase };
}
