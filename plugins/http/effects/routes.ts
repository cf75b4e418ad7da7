import { type Effect, PosternError } from "../../../core/plugin.ts";
import { type KnownOperation, knownEffect, loosely } from "./operation.ts";

/** What requests of one kind do, where their method does not say it. */
export interface RouteOption {
  /** `POST`; `*` for any. One for GET is for HEAD, too. */
  readonly method: string;
  /** A path of URLPattern's (`/users/:id`, `/files/*`), below the resource; matched with the path decoded. */
  readonly path: string;
  readonly effect: Effect;
  /** What rules may call it, beside its path: `search`. */
  readonly as?: string;
}

/** Throws PosternError `resource.config`. */
export function routeOperations(routes: readonly RouteOption[]): KnownOperation[] {
  return routes.map(({ method, path, effect, as: name }, index) => {
    const where = `routes[${index}]`;
    if (!/^(\*|[A-Z][A-Z0-9-]*)$/.test(method)) throw badRoute(where, `"${method}" is no method`);
    if (!path.startsWith("/")) throw badRoute(where, `"${path}" does not begin with a slash`);
    const exact = pattern(path, false, where);
    const near = pattern(path, true, where);
    const longest = longestFor(path);
    return {
      method,
      effect: knownEffect(effect, where),
      ...(name === undefined ? {} : { name }),
      matches: (asked) => asked.length <= longest && exact.test({ pathname: asked }),
      resembles: (asked) =>
        asked.length > longest || near.test({ pathname: asked }) || near.test({ pathname: loosely(asked) }),
    };
  });
}

/**
 * Characters of a path that a pattern is tried on: groups that could share what they match in many ways take as many
 * tries. A longer path may be anything, the route's too.
 */
function longestFor(pathname: string): number {
  const count = (text: string, group: RegExp) => text.match(group)?.length ?? 0;
  const anywhere = count(pathname, /[*(]/g);
  const inSegment = pathname.split("/").map((segment) => count(segment, /[:*(]/g));
  return (
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2048, 256][Math.max(anywhere, ...inSegment)] ?? 128
  );
}

function pattern(pathname: string, ignoreCase: boolean, where: string): URLPattern {
  try {
    return new URLPattern({ pathname }, { ignoreCase });
  } catch {
    throw badRoute(where, `"${pathname}" is no path of URLPattern`);
  }
}

function badRoute(where: string, why: string): PosternError {
  return new PosternError("resource.config", `http(), ${where}: ${why}.`, {
    hint: 'Write { method: "POST", path: "/api/search", effect: "read" }.',
  });
}
