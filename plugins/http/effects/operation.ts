import { type Effect, effects, PosternError } from "../../../core/plugin.ts";

/** One operation that the policy or a document of the resource's knows. */
export interface KnownOperation {
  /** `*`: any. An operation for GET is one for HEAD, too. */
  readonly method: string;
  readonly effect: Effect;
  /** What rules may call it, beside its path. */
  readonly name?: string;
  /** Whether this path is the operation's, to the letter. */
  matches(path: string): boolean;
  /** Whether a server that does not care for case, parameters or a slash at the end would take it for one. */
  resembles(path: string): boolean;
}

export function isFor({ method: own }: KnownOperation, method: string): boolean {
  return own === method || own === "*" || (own === "GET" && method === "HEAD");
}

/** Without what some servers do not tell apart: case, `;parameters`, slashes at the end. */
export function loosely(path: string): string {
  const bare = path.includes(";") ? path.replaceAll(/;[^/]*/g, "") : path;
  let end = bare.length;
  // Not by an expression: one that looks for the end goes over a run of slashes once for each of them.
  while (bare.charCodeAt(end - 1) === slash) end--;
  return bare.slice(0, end).toLowerCase() || "/";
}

/** Throws PosternError `resource.config`. */
export function knownEffect(effect: unknown, where: string): Effect {
  const known = effects.find((each) => each === effect);
  if (known !== undefined) return known;
  throw new PosternError("resource.config", `${where}: ${JSON.stringify(effect)} is no effect.`, {
    hint: `Choose of ${effects.join(", ")}.`,
  });
}

const slash = 47;
