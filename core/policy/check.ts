import type { Guardrail } from "../guardrail.ts";
import type { Policy, Rule } from "../policy.ts";
import type { Flaw } from "./error.ts";

/** What no shape can say: that names exist, and that every guardrail gets what it needs. */
export function check(policy: Policy): Flaw[] {
  return [
    ...listening(policy),
    ...heard(policy),
    ...policy.rules.flatMap((rule, at) => [...known(policy, rule, at), ...possible(policy, rule, at)]),
    ...twice(policy.rules),
    ...policy.always.flatMap((guardrail, at) =>
      impossible(policy, guardrail, Object.keys(policy.resources), ["always", at]),
    ),
  ];
}

function* listening({ listen, resources }: Policy): Iterable<Flaw> {
  const spoken = new Set(Object.values(resources).map(({ protocol }) => protocol.name));
  for (const { protocol, resource } of listen) {
    if (!spoken.has(protocol)) {
      const speak = spoken.size === 0 ? "no resource is named" : `they speak ${[...spoken].join(", ")}`;
      yield { path: ["listen", protocol], message: `no resource speaks "${protocol}"; ${speak}` };
    } else if (resource !== undefined && resources[resource]?.protocol.name !== protocol) {
      yield { path: ["listen", protocol], message: `"${resource}" is no resource that speaks ${protocol}` };
    }
  }
}

function heard({ signals, web }: Policy): Flaw[] {
  if (signals.length === 0 || web) return [];
  const message = "are told over HTTP; give the gateway an address: web: { port: 8443, tls: { cert, key } }";
  return [{ path: ["signals"], message }];
}

function known({ resources }: Policy, rule: Rule, at: number): Flaw[] {
  const names = Object.keys(resources);
  return rule.on
    .filter((name) => !names.includes(name))
    .map((name) => ({
      path: ["rules", at, "on"],
      message: `"${name}" is no resource; there ${names.length === 1 ? "is" : "are"} ${names.join(", ") || "none"}`,
    }));
}

function possible(policy: Policy, rule: Rule, at: number): Flaw[] {
  return rule.under.flatMap((guardrail, place) =>
    impossible(policy, guardrail, rule.on, ["rules", at, "under", place]),
  );
}

function impossible(policy: Policy, guardrail: Guardrail, on: readonly string[], path: Flaw["path"]): Flaw[] {
  return on.flatMap((name) => {
    const protocol = policy.resources[name]?.protocol;
    const lacks = guardrail.needs.filter((kind) => protocol && !protocol.emits.includes(kind));
    if (!protocol || lacks.length === 0) return [];
    const message = `${guardrail.name} needs ${lacks.join(", ")}, which ${protocol.name} (resource "${name}") cannot show; it shows ${protocol.emits.join(", ")}`;
    return [{ path, message }];
  });
}

function twice(rules: readonly Rule[]): Flaw[] {
  const names = rules.map(({ name }) => name);
  return rules.flatMap(({ name }, at) =>
    names.indexOf(name) < at
      ? [
          {
            path: ["rules", at, "name"],
            message: `"${name}" is rule ${names.indexOf(name)} already; names are unique`,
          },
        ]
      : [],
  );
}
