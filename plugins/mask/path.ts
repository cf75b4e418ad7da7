import { PosternError } from "../../core/plugin.ts";

/** One step of a path: a name in lower case, a place in an array, or any. `deep`: at whatever depth (`..`). */
interface Step {
  readonly to: string | number | "any";
  readonly named: boolean;
  readonly deep: boolean;
}

/**
 * Which fields of a JSON document, by a subset of JSONPath (RFC 9535): `$.users[*].email`, `$..token`,
 * `$.data['tls.key']`, `$.items[0]`, `.*`. Without `$` it begins anywhere: `metadata.annotations.*` is
 * `$..metadata.annotations.*`. Upper and lower case are the same: a mask too many is no leak.
 */
export type Path = readonly Step[];

const segment =
  /(\.\.|\.|)(?:\[(?:(\*)|(\d+)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]|(\*)|([^\s.[\]'"*$@?()]+))/y;

/** Throws PosternError `mask.path`. */
export function pathOf(text: string): Path {
  const steps: Step[] = [];
  const rooted = text.startsWith("$");
  for (segment.lastIndex = rooted ? 1 : 0; segment.lastIndex < text.length; ) {
    const part = segment.exec(text);
    if (part === null) throw noPath(text);
    const [, dots, every, index, single, double, star, name] = part;
    // A name needs its dot, but for the first one of a path without `$`; brackets need none.
    const bare = star ?? name;
    const first = !rooted && steps.length === 0;
    if (bare !== undefined ? (dots === "") !== first : dots === ".") throw noPath(text);
    const quoted = single ?? double;
    const named = quoted ?? name;
    steps.push({
      to:
        named !== undefined
          ? (quoted?.replaceAll(/\\(.)/g, "$1") ?? named).toLowerCase()
          : index !== undefined
            ? Number(index)
            : "any",
      named: named !== undefined,
      deep: dots === ".." || first,
    });
    if (every !== undefined && named !== undefined) throw noPath(text);
  }
  if (steps.length === 0) throw noPath(text);
  return steps;
}

function noPath(text: string): PosternError {
  return new PosternError("mask.path", `"${text}" is no path to a field.`, {
    hint: "Write `$.users[*].email`, `$..token`, `$.data['tls.key']`, or `metadata.annotations.*` for any depth.",
  });
}

/** A path, and how many of its steps lie behind. */
interface Way<T> {
  readonly path: Path;
  readonly at: number;
  readonly leads: T;
}

/** How far each path is at one place in a document. */
export type Ways<T> = readonly Way<T>[];

export function waysOf<T>(paths: readonly { readonly path: Path; readonly leads: T }[]): Ways<T> {
  return paths.map(({ path, leads }) => ({ path, at: 0, leads }));
}

const nowhere: Ways<never> = [];

/** The ways from here to the member of this name or the item at this place, and what the first one that ends there leads to. */
export function step<T>(ways: Ways<T>, to: string | number): { readonly ways: Ways<T>; readonly ends?: T } {
  if (ways.length === 0) return { ways: nowhere };
  const name = typeof to === "string" ? to.toLowerCase() : to;
  const next: Way<T>[] = [];
  for (const way of ways) {
    const wanted = way.path[way.at] as Step;
    if (wanted.deep) next.push(way);
    if (wanted.named || typeof wanted.to === "number" ? wanted.to !== name : false) continue;
    if (way.at + 1 === way.path.length) return { ways: nowhere, ends: way.leads };
    next.push({ ...way, at: way.at + 1 });
  }
  return { ways: next };
}
