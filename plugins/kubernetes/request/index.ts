import { actionsOf } from "./actions.ts";
import { type Media, readBody } from "./body.ts";
import { bodyActions, type Effects } from "./body-actions.ts";
import { isRefused, type Refused } from "./refused.ts";
import { type RequestInfo, requestInfo } from "./request-info.ts";

export { actionsOf } from "./actions.ts";
export type { Hidden, Media } from "./body.ts";
export { bodyActions, type Effects, hiddenActions } from "./body-actions.ts";
export { isTrue, parameter } from "./query.ts";
export { isRefused, type Refused } from "./refused.ts";
export { type ObjectInfo, type RequestInfo, requestInfo, type Verb } from "./request-info.ts";

/** A request as policy sees it. */
export interface Classified extends Effects {
  readonly info: RequestInfo;
  /**
   * Why `actions` are not all: ask the cluster by a dry run and hand its answer to `bodyActions`, or, where that is
   * not possible, decide by `hiddenActions`. `needed`: else only a name is missing, and `actions` may be enough.
   */
  readonly ask?: { readonly why: string; readonly needed: boolean };
}

/**
 * The whole of a request: `fields` as its caller sent them (name, value, name, value), `body` all of it (empty where
 * there is none).
 */
export function classifyRequest(
  method: string,
  target: string,
  fields: readonly string[],
  body: Uint8Array,
): Classified | Refused {
  const media = mediaOf(fields);
  if (isRefused(media)) return media;
  const plain = classifyTarget(method, target);
  if (isRefused(plain)) return plain;
  const { info } = plain;
  const reading = readBody(info, body, media);
  if (reading.body === "none") return plain;
  if (reading.body === "ask") return { ...plain, ask: { why: reading.why, needed: reading.needed } };
  const shown = bodyActions(info, reading.value);
  return shown ? { info, ...shown } : { ...plain, ask: { why: "doubtful fields", needed: true } };
}

const methods = new Set(["x-http-method-override", "x-http-method", "x-method-override"]);

/**
 * What the fields say of the body. Refused are those that would make the request another one than the one decided: who
 * asks is the gateway's to say, and of two media types or codings some server may take the other.
 */
export function mediaOf(fields: readonly string[]): Media | Refused {
  let type: string | undefined;
  let coding: string | undefined;
  for (let at = 0; at < fields.length; at += 2) {
    const name = (fields[at] as string).toLowerCase();
    if (name.startsWith("impersonate-") || name.startsWith("x-remote-"))
      return { refused: "it names whom it is made for, which only the gateway may" };
    if (methods.has(name)) return { refused: "it names a method beside its own" };
    if (name === "content-type") {
      if (type !== undefined) return { refused: "it names two media types" };
      type = fields[at + 1];
    } else if (name === "content-encoding") {
      if (coding !== undefined) return { refused: "it names two codings" };
      coding = fields[at + 1];
    }
  }
  return { type, coding };
}

/** What polling clients ask over and over. */
const mostKept = 2_048;
/** Longer ones are not kept: a list's `continue` is another one each time. */
const longestKept = 512;
const kept = new Map<string, Classified>();

/**
 * What the method and the target say. Of reads, which have no body, that is all, and it depends on nothing else: the
 * same object again for the same target.
 */
export function classifyTarget(method: string, target: string): Classified | Refused {
  const keeps = method === "GET" && target.length <= longestKept;
  const known = keeps ? kept.get(target) : undefined;
  if (known) return known;
  const info = requestInfo(method, target);
  if (isRefused(info)) return info;
  const classified = { info, actions: actionsOf(info), findings: [] };
  if (!keeps) return classified;
  if (kept.size >= mostKept) kept.clear();
  kept.set(target, classified);
  return classified;
}
