import { type Doubt, readJson } from "../pods/index.ts";
import { bodyMatters, isQuestion } from "./effects.ts";
import type { RequestInfo } from "./request-info.ts";

/** What hides what a body does: it changes an object that is not in it, or nobody here reads it as the server does. */
export type Hidden = "patch" | "protobuf" | "yaml" | "media type" | "coding" | Doubt;

/** What a body can be read for. */
export type BodyReading =
  /** There is none, or nothing in it matters to policy. */
  | { readonly body: "none" }
  /** It says itself what will be there: a JSON object. */
  | { readonly body: "shown"; readonly value: unknown }
  /**
   * The cluster must be asked (the same request with `dryRun=All`). `needed`: only the answer tells all actions;
   * else it would tell the name alone.
   */
  | { readonly body: "ask"; readonly why: Hidden; readonly needed: boolean };

/** What the fields Content-Type and Content-Encoding say; undefined: they are absent. */
export interface Media {
  readonly type: string | undefined;
  readonly coding: string | undefined;
}

/**
 * Reads a request's body as far as the server's reading is beyond doubt. The server takes a body without a type for
 * JSON, save that of a patch.
 */
export function readBody(info: RequestInfo, body: Uint8Array, { type, coding }: Media): BodyReading {
  const { object, verb } = info;
  if (!object || (verb !== "create" && verb !== "update" && verb !== "patch")) return { body: "none" };
  const needed = bodyMatters(object);
  if (!needed && (verb !== "create" || object.name !== "" || isQuestion(object))) return { body: "none" };
  const ask = (why: Hidden): BodyReading => ({ body: "ask", why, needed });
  // Also a server-side apply: what others apply, and what is there, is in the outcome as well.
  if (verb === "patch") return ask("patch");
  if (coding !== undefined && coding.toLowerCase() !== "identity") return ask("coding");
  const media = (type ?? "application/json").split(";", 1)[0]?.trim().toLowerCase();
  if (media === "application/vnd.kubernetes.protobuf") return ask("protobuf");
  // Anchors, merge keys, two versions of the language: the server's own reading counts.
  if (media === "application/yaml") return ask("yaml");
  if (media !== "application/json") return ask("media type");
  const read = readJson(body);
  return "doubt" in read ? ask(read.doubt) : { body: "shown", value: read.value };
}
