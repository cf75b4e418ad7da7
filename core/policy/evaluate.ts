import { createRequire, isBuiltin } from "node:module";
import { Script } from "node:vm";
import { PosternError } from "../error.ts";
import type { Policy } from "../policy.ts";
import type { PolicyBundle } from "../supervision.ts";
import { flawText, PolicyFlaws, PolicyNotLoaded } from "./error.ts";
import { isPolicy, versioned } from "./gateway.ts";
import { locate } from "./locate.ts";
import { originOf, placed } from "./origin.ts";

type Wrapped = (exports: object, require: (name: string) => unknown, module: { exports: unknown }) => void;

const own = createRequire(import.meta.url);

/**
 * Runs a bundle in this thread and returns its policy. Every call makes everything anew: two evaluations
 * share no state. Throws PosternError `policy.invalid` (a check failed) or `policy.threw`, with
 * file:line:column. It is no sandbox: a policy file is the operator's own code.
 */
export function evaluatePolicy(bundle: PolicyBundle): Policy {
  const script = `postern-policy-${bundle.version}`;
  const module: { exports: unknown } = { exports: {} };
  try {
    const run = new Script(bundle.code, { filename: script }).runInThisContext() as Wrapped;
    run(module.exports as object, hostModule, module);
  } catch (error) {
    throw notEvaluated(error, bundle, script);
  }
  const policy = (module.exports as { default?: unknown }).default;
  if (isPolicy(policy)) return versioned(policy, bundle.version);
  const [file = "the policy file"] = bundle.files;
  throw new PolicyNotLoaded("policy.invalid", `${file}: the default export is no gateway().`, bundle.files, {
    hint: "End the policy file with `export default gateway({...})`.",
  });
}

/** Has at hand what a bundle will ask for of this package: on a busy machine that alone takes seconds. */
export function loadHostModules({ code }: PolicyBundle): void {
  for (const name of ["postern", "postern/plugins"]) if (code.includes(`"${name}"`)) hostModule(name);
}

/** What is not bundled: this package, by the names that a policy imports it by, and the runtime's own modules. */
function hostModule(name: string): unknown {
  if (name === "postern" || name.startsWith("postern/") || isBuiltin(name)) return own(name);
  throw new Error(`"${name}" is not there: import by a name that is known when the policy is bundled.`);
}

function notEvaluated(error: unknown, bundle: PolicyBundle, script: string): PolicyNotLoaded {
  const origin = originOf(error, bundle, script);
  const at = (message: string) => (origin ? placed(origin, message) : `${bundle.files[0]}: ${message}`);
  if (error instanceof PolicyFlaws) {
    const lines = error.flaws.map((flaw) =>
      origin ? placed(locate(origin, flaw.path), flawText(flaw)) : at(flawText(flaw)),
    );
    return new PolicyNotLoaded(error.code, lines.join("\n"), bundle.files, { ...error.more, cause: error });
  }
  if (error instanceof PosternError) {
    return new PolicyNotLoaded("policy.invalid", at(error.message), bundle.files, {
      ...error.more,
      cause: error,
    });
  }
  return new PolicyNotLoaded("policy.threw", at(String(error)), bundle.files, {
    hint: "The policy file itself failed while it was evaluated; mend that line.",
    cause: error,
  });
}
