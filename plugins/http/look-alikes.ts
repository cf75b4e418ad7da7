import {
  type Action,
  type Effect,
  type Examined,
  type HandedOut,
  type Right,
  targetMatcher,
} from "../../core/plugin.ts";

/** A method for each effect that a path alone is asked with. */
const methods: Partial<Readonly<Record<Effect, string>>> = { read: "GET", write: "POST", delete: "DELETE" };

/** How a path can be written so that lenient servers take it for the same and a rule does not. */
const lookAlikes = [
  (path: string) => path.toUpperCase(),
  (path: string) => path.replace(/^(\/[^/]*)/, "$1;x"),
  (path: string) => `${path}/`,
];

/**
 * Rights by path that another right takes in under another spelling: what stands under the narrower one alone (a mask,
 * an approval) is left out then. `classify`: what a request would do on this resource.
 */
export function lookAlikePaths(
  { rights }: HandedOut,
  classify: (text: string) => readonly Action[],
): Examined[] {
  const evaded = rights.flatMap((right) => {
    const wider = rights.find((other) => other !== right && takesIn(other, right, classify));
    return wider ? [`${right.label} (${wider.label})`] : [];
  });
  if (evaded.length === 0)
    return [{ state: "ok", message: "no right by path is covered by a wider one under another spelling" }];
  return [
    {
      state: "warn",
      message: `a path in other letters, or with ;x or / behind it, is not what these rights name, and another one (in brackets) covers it: ${evaded.join(", ")}`,
      hint: "Where the server takes /Admin or /admin;x for /admin, guardrails of the narrower rule are left out. Name the path under `routes`, which makes such spellings unknown, or narrow the wider rule.",
    },
  ];
}

function takesIn(wider: Right, narrow: Right, classify: (text: string) => readonly Action[]): boolean {
  const method = methods[narrow.effect];
  if (method === undefined || wider.effect !== narrow.effect) return false;
  const isNarrow = targetMatcher(narrow.on ?? []);
  const isWide = wider.on === undefined ? () => true : targetMatcher(wider.on);
  return (narrow.on ?? []).some((pattern) => {
    if (!/^\/[^*]*[a-z]/i.test(pattern)) return false;
    const path = pattern.replaceAll("*", "1");
    return lookAlikes.some((spell) =>
      classify(`${method} ${spell(path)}`).every(
        ({ effect, on }) => effect === narrow.effect && isWide(on) && !isNarrow(on),
      ),
    );
  });
}
