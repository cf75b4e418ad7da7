import type { Command } from "commander";
import { loadPolicy } from "../../loader.ts";
import type { Policy, Rule } from "../../policy.ts";
import { type JsonFlag, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { list } from "../table.ts";
import { paint, type Terminal } from "../terminal.ts";

export function checkPolicy(terminal: Terminal): Command {
  return withJson(
    command("check", {
      summary: "whether a policy file loads, and what it amounts to",
      description:
        "Loads the file and all that it imports as `postern serve` would, without listening, reading a secret\n" +
        "or reaching a resource. Everything that is wrong is named with file and line.",
      examples: ["postern policy check policies/orders.policy.ts"],
      exits: { 1: "the policy does not load; standard error says where and why" },
    }).argument("<policy>", "policy file, whose default export is gateway({…})"),
  ).action(async (path: string, flags: JsonFlag) => {
    const summary = summaryOf(await loadPolicy(path));
    if (flags.json) return terminal.out(`${JSON.stringify(summary)}\n`);
    terminal.out(
      `${paint(terminal, "green", "ok")}  version ${summary.version}\n${list([
        ["listeners", summary.listeners.join(", ")],
        ["web", summary.web],
        ["identity", summary.identity.join(", ")],
        ["signals", summary.signals.join(", ") || undefined],
        ["store", summary.store],
        ["resources", summary.resources.join(", ")],
        ["rules", summary.rules.join(", ")],
        ["always", summary.always.join(", ") || "no guardrail"],
        ["notify", summary.notify.join(", ") || "nobody"],
        ["trail", summary.trail],
      ])}`,
    );
  });
}

function summaryOf(policy: Policy) {
  return {
    version: policy.version,
    listeners: policy.listen.map(({ protocol, host, port }) => `${protocol} ${host}:${port}`),
    web: policy.web && `${policy.web.host}:${policy.web.port}`,
    signals: policy.signals.map(({ name }) => name),
    store: policy.store?.url,
    identity: policy.identity.map(({ name }) => name),
    resources: Object.keys(policy.resources),
    rules: policy.rules.map(ruleText),
    always: policy.always.map(({ name }) => name),
    notify: policy.notify.map(({ name }) => name),
    trail: policy.trail,
  };
}

function ruleText({ name, who, grant, hours }: Rule): string {
  const when = [grant ? "with a grant" : undefined, hours?.label].filter(Boolean);
  return `${name} (${[who.label, ...when].join("; ")})`;
}
