import { PosternError } from "../error.ts";

/** One thing wrong with a policy. `path` is the way to it in `gateway({...})`. */
export interface Flaw {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What `gateway()` throws: every flaw found, not only the first. */
export class PolicyFlaws extends PosternError {
  constructor(readonly flaws: readonly Flaw[]) {
    super("policy.invalid", flaws.map(flawText).join("\n"), {
      hint: "Mend the policy file; `postern policy check` shows what is left. docs/policy.md lists every key.",
    });
  }
}

/** Why a policy file could not be loaded, with the files to watch until it can. */
export class PolicyNotLoaded extends PosternError {
  constructor(
    code: string,
    message: string,
    readonly files: readonly string[],
    more: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(code, message, more);
  }
}

/** `rules[1].on: "ordres" is no resource` */
export function flawText({ path, message }: Flaw): string {
  return path.length === 0 ? message : `${pathText(path)}: ${message}`;
}

function pathText(path: Flaw["path"]): string {
  return path.map((key, at) => (typeof key === "number" ? `[${key}]` : at === 0 ? key : `.${key}`)).join("");
}
