import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import type { PolicyBundle } from "../supervision.ts";
import { PolicyNotLoaded } from "./error.ts";

/**
 * One CommonJS text of a policy file and all it imports; `postern` and `postern/*` stay outside. Comments
 * and spacing are gone, so that only a change of meaning changes the version. Throws PosternError
 * `policy.syntax` or `policy.missing` with file, line and column.
 */
export async function bundlePolicy(path: string): Promise<PolicyBundle> {
  const file = resolve(path);
  if (!(await Bun.file(file).exists())) {
    throw new PolicyNotLoaded("policy.missing", `There is no policy file ${file}.`, [file], {
      hint: "Give the path of a .ts file whose default export is gateway({...}).",
    });
  }
  const { outputs, metafile } = await build(file);
  const [entry] = outputs.filter(({ kind }) => kind === "entry-point");
  const [map] = outputs.filter(({ kind }) => kind === "sourcemap");
  if (!entry || !map || !metafile) throw new Error("Bun.build gave no output for a policy.");
  const code = withoutDebugId(await entry.text());
  const inputs = Object.keys(metafile.inputs).map((input) => resolve(input));
  return {
    version: createHash("sha256").update(code).digest("hex").slice(0, 12),
    code,
    files: [file, ...inputs.filter((input) => input !== file)],
    map: withAbsoluteSources(await map.text()),
  };
}

async function build(file: string) {
  try {
    return await Bun.build({
      entrypoints: [file],
      root: dirname(file),
      target: "bun",
      format: "cjs",
      external: ["postern", "postern/*"],
      minify: { whitespace: true },
      sourcemap: "external",
      metafile: true,
    });
  } catch (error) {
    const messages = error instanceof AggregateError ? error.errors : [error];
    throw notBuilt(file, messages as Partial<BuildMessage | ResolveMessage>[], error);
  }
}

function notBuilt(
  file: string,
  messages: readonly Partial<BuildMessage | ResolveMessage>[],
  cause: unknown,
): PolicyNotLoaded {
  const lines = messages.map(({ message, position: at }) =>
    at ? `${at.file}:${at.line}:${at.column}: ${message}` : `${file}: ${message}`,
  );
  const files = messages.flatMap(({ position }) => (position ? [position.file] : []));
  return new PolicyNotLoaded("policy.syntax", lines.join("\n"), [...new Set([file, ...files])], {
    hint: "Mend the file; nothing of it was run.",
    cause,
  });
}

/** It depends on the working directory, and so would the version. */
function withoutDebugId(code: string): string {
  return code.replace(/\n\/\/# debugId=\w+\s*$/, "\n");
}

/** Bun writes sources relative to the working directory. */
function withAbsoluteSources(text: string): string {
  const map = JSON.parse(text) as { sources: string[]; sourcesContent?: string[] };
  return JSON.stringify({ ...map, sources: map.sources.map((source) => resolve(source)) });
}
