import { type Answer, PosternError } from "../../../core/plugin.ts";
import type { BodyLength } from "../exchange.ts";
import type { RequestHead, ResponseHead } from "../message.ts";
import { toUtf8 } from "./charset.ts";
import { accepts, codingsOf } from "./codings.ts";
import { type InspectedBody, Inspection, type Shown } from "./inspection.ts";
import { inspectorOf } from "./inspector.ts";
import { inUtf8, isNamed, type MediaType, mediaTypeOf, type Shape, shapeOf } from "./media.ts";
import { dropped, Passing } from "./passing.ts";
import { headOfShown, shownFields } from "./shown-head.ts";
import { withheld } from "./withheld.ts";

export type { InspectedBody, Shown } from "./inspection.ts";
export { requestFor, shownFields } from "./shown-head.ts";

export interface InspectOptions {
  /** Bytes of a document, a line or an event that may wait for their end (`limits.frame`). */
  readonly frame: number;
  /** Media types that pass though nobody can look into them: `image/*`, `application/pdf`. */
  readonly opaque?: readonly string[];
  /** JSON documents may follow one another in this answer, though its type does not say so (a Kubernetes watch). */
  readonly sequence?: boolean;
}

/** Whether anybody has to see the bodies of this answer; if not, they pass without `inspect`. */
export function looksAtBodies(answer: Answer | undefined): answer is Answer {
  return answer?.document !== undefined || answer?.stream !== undefined;
}

/**
 * The body of an answer under guardrails: what this returns takes the resource's bytes, `shown` gets what the caller
 * may see, its head first. A body that a guardrail has to see and that cannot be looked into ends with
 * `shown.broken` (code `answer.withheld`), before `shown.head` unless it was text that had begun to flow. `shown` may
 * be called before this returns.
 */
export function inspect(
  answer: Answer,
  request: RequestHead,
  head: ResponseHead,
  length: BodyLength,
  shown: Shown,
  options: InspectOptions,
): InspectedBody {
  try {
    return inspected(answer, request, head, length, shown, options);
  } catch (error) {
    shown.broken(error instanceof PosternError ? error : withheld("looking at it failed", error));
    return dropped;
  }
}

function inspected(
  answer: Answer,
  request: RequestHead,
  head: ResponseHead,
  length: BodyLength,
  shown: Shown,
  { frame, opaque = [], sequence = false }: InspectOptions,
): InspectedBody {
  const guarded = { ...head, fields: shownFields(head.fields, answer) };
  if (request.method === "HEAD" || head.status === 304) {
    // How long it would be for this caller is not known.
    return new Passing(answer, shown, headOfShown(guarded, undefined, undefined), "none", true);
  }
  if (head.status === 204 || length === 0 || length === "none") {
    return new Passing(answer, shown, guarded, length, true);
  }
  const media = mediaTypeOf(head.fields);
  if (media === undefined) throw withheld("its Content-Type cannot be read");
  const type = media === "none" ? unnamed : media;
  const shape = shapeFor(type, answer, sequence);
  if (shape === undefined) {
    if (isNamed(type.type, opaque)) return new Passing(answer, shown, guarded, length, false);
    throw withheld(`nobody can look into ${type.type}`);
  }
  // A part is no document, and may begin or end in the middle of a value.
  if (head.status === 206) throw withheld("it is only a part");
  const codings = codingsOf(head.fields);
  if (codings === undefined) throw withheld("it is in a content coding that cannot be undone");
  const charset = toUtf8(type, shape);
  const outer = codings.at(-1);
  const applied = outer !== undefined && accepts(request.fields, outer) ? outer : undefined;
  const short = shape === "text" && typeof length === "number" && length <= frame;
  const contentType = charset.changes ? inUtf8(type) : undefined;
  return new Inspection(
    {
      answer,
      head: headOfShown(guarded, applied, contentType),
      codings,
      applied,
      charset,
      inspector: inspectorOf(short ? "anything" : shape, type, answer, frame),
      begins: shape === "document" || shape === "form" ? "with all" : short ? "with the first" : "at once",
    },
    shown,
  );
}

/** A body without a type: clients guess, mostly that it is text. */
const unnamed: MediaType = { type: "text/plain", parameters: new Map() };

/** A guardrail that knows no documents gets JSON as the text that it is. */
function shapeFor(type: MediaType, answer: Answer, sequence: boolean): Shape | undefined {
  const shape = shapeOf(type);
  if (shape === undefined || shape === "text" || shape === "events") return shape;
  if (answer.document === undefined) return "text";
  return shape === "document" && sequence ? "sequence" : shape;
}
