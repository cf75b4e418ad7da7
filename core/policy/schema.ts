import * as v from "valibot";
import { type Duration, milliseconds } from "../duration.ts";
import { PosternError } from "../error.ts";
import type { Guardrail } from "../guardrail.ts";
import { hoursOf } from "../hours.ts";
import type { IdentityProvider } from "../identity.ts";
import type { Notifier } from "../notifier.ts";
import { effects } from "../operation.ts";
import type { Right } from "../policy.ts";
import type { Resource } from "../protocol.ts";
import type { Secret } from "../secret.ts";
import { bytesOf, type Size } from "../size.ts";
import type { SignalSource } from "../web.ts";
import type { Who } from "../who.ts";

/** The shape of `gateway()`'s argument, for policy files that no type checker has seen. */

const duration = v.pipe(
  v.string(),
  converted((text) => milliseconds(text as Duration)),
);
const size = v.pipe(
  v.string(),
  converted((text) => bytesOf(text as Size)),
);
const count = v.pipe(v.number(), v.integer(), v.minValue(1, "must be at least 1"));
const port = v.pipe(v.number(), v.integer(), v.minValue(0, "is no port"), v.maxValue(65_535, "is no port"));
const text = v.pipe(v.string(), v.nonEmpty("must not be empty"));

function converted<T>(convert: (text: string) => T) {
  return v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
    try {
      return convert(dataset.value);
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      addIssue({ message: `${error.message} ${error.more.hint}` });
      return NEVER;
    }
  });
}

/** A value that a factory made, told apart by its members; `what` names it in the error. */
function made<T>(what: string, ...members: string[]) {
  return v.custom<T>(
    (value) => typeof value === "object" && value !== null && members.every((member) => member in value),
    what,
  );
}

const guardrails = v.array(
  made<Guardrail>("is no guardrail; write mask(), record() and their kin", "name", "needs", "open"),
);
const right = v.pipe(
  v.strictObject({
    effect: v.picklist(effects),
    on: v.optional(v.pipe(v.array(text), v.nonEmpty("must not be empty"))),
    label: text,
  }),
  v.transform((value): Right => value as Right),
);

const pair = { cert: text, key: text };
const tls = v.strictObject({
  ...pair,
  names: v.optional(v.record(v.string(), v.strictObject(pair))),
  clientCa: v.optional(text),
  clientCertificates: v.optional(v.picklist(["ask", "require"])),
});

const listener = v.union(
  [
    port,
    v.string(),
    v.strictObject({
      host: v.optional(text),
      port,
      insecure: v.optional(v.literal(true)),
      tls: v.optional(tls),
      resource: v.optional(text),
    }),
  ],
  'is no listener; write { port: 5432, insecure: true } or { host: "0.0.0.0", port: 5432, tls: { cert: "server.crt", key: "server.key" } }',
);

const who = made<Who>("is nobody; write group(), person(), machine() or anyone", "label", "matches");

const grant = v.strictObject({
  by: who,
  upTo: duration,
  approvers: v.optional(v.picklist([1, 2]), 1),
  reason: v.optional(v.literal(true)),
  ticket: v.optional(v.instance(RegExp)),
  within: v.optional(duration, "1h"),
  breakGlass: v.optional(v.literal(true)),
});

const rule = v.strictObject({
  name: v.optional(text),
  who,
  on: v.union([v.pipe(v.array(text), v.nonEmpty("must name a resource")), text], "must name a resource"),
  may: v.union(
    [v.literal("all"), v.array(v.union([v.picklist(effects), right]))],
    `must be "all" or a list of ${effects.join(", ")} and rights such as write("public.releases")`,
  ),
  under: v.optional(guardrails, []),
  lifetime: v.optional(duration),
  as: v.optional(text),
  grant: v.optional(grant),
  hours: v.optional(v.pipe(v.string(), converted(hoursOf))),
});

const web = v.strictObject({
  host: v.optional(text, "127.0.0.1"),
  port,
  insecure: v.optional(v.literal(true)),
  tls: v.optional(v.strictObject(pair)),
  url: v.optional(v.pipe(text, v.url("is no URL"))),
});

export const schema = v.strictObject({
  listen: v.record(v.string(), v.union([listener, v.pipe(v.array(listener), v.nonEmpty("names no port"))])),
  identity: v.pipe(
    v.array(made<IdentityProvider>("is no identity provider; write oidc() or local()", "name", "open")),
    v.nonEmpty("must name an identity provider: without one nobody can come in"),
  ),
  resources: v.record(
    v.pipe(
      v.string(),
      v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "is no resource name; use letters, digits, _ . -"),
    ),
    made<Resource>("is no resource; write postgres() and its kin", "protocol", "config"),
  ),
  rules: v.array(rule),
  always: v.optional(guardrails, []),
  notify: v.optional(
    v.array(made<Notifier>("is no notifier; write webhook()", "name", "events", "retry", "timeout", "open")),
    [],
  ),
  signals: v.optional(
    v.array(made<SignalSource>("is no signal source; write scim() or caep()", "name", "open")),
    [],
  ),
  web: v.optional(
    v.union([port, web], 'is no address; write { port: 8443, tls: { cert: "web.crt", key: "web.key" } }'),
  ),
  store: v.optional(
    v.strictObject({
      url: v.pipe(text, v.regex(/^(libsql|https?):\/\//, "is no URL of a libSQL server")),
      token: v.optional(made<Secret>("is no secret; write env(), file() or exec()", "label", "read")),
    }),
  ),
  trail: v.optional(v.picklist(["default", "strict"]), "default"),
  workers: v.optional(v.union([v.literal("auto"), count]), 1),
  health: v.optional(v.union([port, text])),
  limits: v.optional(
    v.strictObject({
      authenticate: v.optional(duration),
      unauthenticated: v.optional(count),
      loginDelay: v.optional(duration),
      idle: v.optional(duration),
      requestIdle: v.optional(duration),
      sessions: v.optional(count),
      sessionsPerIdentity: v.optional(count),
      header: v.optional(size),
      frame: v.optional(size),
      guardrail: v.optional(duration),
      owed: v.optional(count),
      statements: v.optional(count),
      buffer: v.optional(size),
      recorder: v.optional(size),
    }),
    {},
  ),
});

export type Parsed = v.InferOutput<typeof schema>;
export type ParsedRule = v.InferOutput<typeof rule>;
export type ParsedListener = v.InferOutput<typeof listener>;
export type ParsedTls = v.InferOutput<typeof tls>;
