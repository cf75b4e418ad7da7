import type { Action, Reason, Statement } from "../../core/plugin.ts";
import {
  type Asked,
  type Fields,
  fieldOf,
  type Malformed,
  type Reading,
  type ReadingTools,
  type RequestHead,
} from "../http/kit.ts";
import type { KubernetesConfig } from "./config.ts";
import type { Finding } from "./pods/index.ts";
import { readJson } from "./pods/index.ts";
import { onlyOn } from "./precondition.ts";
import {
  bodyActions,
  type Classified,
  classifyRequest,
  classifyTarget,
  hiddenActions,
  isRefused,
  type Media,
  mediaOf,
  type Refused,
} from "./request/index.ts";
import { holdsMasks, masked } from "./secrets/index.ts";
import { commandIn } from "./tunnel/index.ts";

/** Readings by what the classifier keeps, so that a request that is asked again costs no new one. */
const kept = new WeakMap<Classified, Reading>();
/** Methods whose body may say what they do. */
const writes = new Set(["POST", "PUT", "PATCH"]);

/** What a request does: from its target at once, from its body where that matters, from the cluster where even that hides it. */
export function read(asked: Asked<KubernetesConfig>): Reading | Malformed {
  const { head, target, hasBody } = asked;
  const media = mediaOf(head.fields);
  if (isRefused(media)) return malformed(media);
  const plain = classifyTarget(head.method, target);
  if (isRefused(plain)) return malformed(plain);
  const known = kept.get(plain);
  // A kept reading has no head: fields differ from one request to the next.
  const reading = known ?? readingOf(plain);
  if (!known) kept.set(plain, reading);
  const sent = { ...reading, head: { ...head, target: plain.info.target } };
  if (!hasBody || !writes.has(head.method)) return sent;
  // The name that a right may be for is in the body, so nothing is decided before it is read.
  const first = namedByBody(plain, media) ? { ...sent, statement: { ...sent.statement, actions: [] } } : sent;
  return { ...first, more: (tools) => withBody(asked, plain, tools) };
}

function namedByBody({ info: { verb, object } }: Classified, { type, coding }: Media): boolean {
  if (verb !== "create" || object?.name !== "") return false;
  return coding === undefined && /^application\/json\s*(?:;|$)/i.test(type ?? "application/json");
}

function readingOf(classified: Classified): Reading {
  return { statement: statementOf(classified.info, classified.actions, classified.findings) };
}

async function withBody(
  asked: Asked<KubernetesConfig>,
  plain: Classified,
  { body }: ReadingTools,
): Promise<Reading> {
  const { head, target } = asked;
  const sent: RequestHead = { ...head, target: plain.info.target };
  const shown = classifyRequest(head.method, target, head.fields, body);
  // The target was read before; what is refused now is the body's doing.
  if (isRefused(shown)) return { statement: unknown(plain), head: sent };
  if (!shown.ask?.needed) return { ...readingOf(shown), head: sent };
  // Whoever may not do what is known so far has nothing tried out for them.
  return { ...readingOf(plain), head: sent, more: (tools) => tried(sent, plain, tools) };
}

/** What the cluster's own dry run shows. */
async function tried(sent: RequestHead, plain: Classified, { body, ask }: ReadingTools): Promise<Reading> {
  const answer = await ask(dryRun(sent), body);
  if (answer.head.status >= 300) return { ...readingOf(plain), head: sent, answered: answer };
  const type = fieldOf(answer.head.fields, "content-type") ?? "";
  const made = type.startsWith("application/json") ? readJson(answer.body) : { doubt: "invalid" as const };
  const effects = "doubt" in made ? undefined : bodyActions(plain.info, asNamed(plain, made.value));
  if (!effects || "doubt" in made) return { statement: unknown(plain), head: sent };
  const holds = holdsMasks(made.value, plain.info.object?.resource === "secrets");
  const statement = statementOf(plain.info, effects.actions, effects.findings, holds);
  const reading = { statement, head: sent, shown: shownText(plain, made.value) };
  if (plain.info.verb !== "patch") return reading;
  const version = versionIn(made.value);
  // It would be made: no version of it could be asked for.
  if (version === undefined) return reading;
  const bound = onlyOn(version, body, mediaType(sent.fields));
  return bound ? { ...reading, body: bound } : { statement: unknown(plain), head: sent };
}

/** The name that a dry run has made up is not the one that the request will. */
function asNamed({ info: { verb } }: Classified, made: unknown): unknown {
  const { metadata } = (made ?? {}) as { metadata?: Readonly<Record<string, unknown>> };
  const { name, generateName } = metadata ?? {};
  if (verb !== "create" || typeof name !== "string" || typeof generateName !== "string") return made;
  if (generateName === "" || !name.startsWith(generateName)) return made;
  return { ...(made as object), metadata: { ...metadata, name: undefined } };
}

/** The same request as one that changes nothing, with an answer that can be read. */
function dryRun({ method, target, authority, version, fields }: RequestHead): RequestHead {
  const parameter = /[?&]dryRun=/.test(target) ? "" : `${target.includes("?") ? "&" : "?"}dryRun=All`;
  const taken: string[] = ["Accept", "application/json"];
  for (const name of ["content-type", "content-encoding", "user-agent"]) {
    const value = fieldOf(fields, name);
    if (value !== undefined) taken.push(name, value);
  }
  return { method, target: `${target}${parameter}`, authority, version, fields: taken };
}

/** As an approver reads it: `create pods default/web`, and what its pods ask for. */
function statementOf(
  info: Classified["info"],
  actions: readonly Action[],
  findings: readonly Finding[],
  holdsMask = false,
): Statement {
  const told = findings.filter(({ level }) => level !== "told");
  const lines = told.map(({ trait, at }) => `  ${trait}: ${at}`);
  const { verb, method, target } = info;
  const asked = commandIn(info) ?? `${verb === "" ? method : verb} ${target}`;
  return { text: [asked, ...lines].join("\n"), actions, detail: { verb, findings, holdsMask } };
}

function unknown({ info }: Classified): Statement {
  return statementOf(info, hiddenActions(info), []);
}

function malformed({ refused }: Refused): Malformed {
  const reason: Reason = {
    code: "kubernetes.request",
    message: `The request is refused: ${refused}.`,
    hint: "Send it as kubectl does.",
  };
  return { status: 400, reason };
}

function versionIn(value: unknown): string | undefined {
  const metadata = (value as { metadata?: { resourceVersion?: unknown } } | null)?.metadata;
  const version = metadata?.resourceVersion;
  return typeof version === "string" && version !== "" ? version : undefined;
}

function mediaType(fields: Fields): string {
  return (fieldOf(fields, "content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** What the cluster would make of it, for whoever approves: they may not be allowed to read what was there before. */
function shownText({ info }: Classified, value: unknown): string {
  return JSON.stringify(masked(value, info.object?.resource === "secrets"), null, 2);
}
