import refusedRequests from "../../../../test/fixtures/http-smuggling/refused.json";
import validRequests from "../../../../test/fixtures/http-smuggling/valid.json";

/** A character a byte; what would be long is told by how often it is repeated. */
type Raw = string | readonly (string | { readonly repeat: string; readonly times: number })[];

/** What must be answered with 4xx and a closed connection. */
export interface RefusedRequest {
  readonly name: string;
  readonly raw: Raw;
  /** `head`: the fault is in the body, so that the head is served first, and its body must break off. */
  readonly after?: string;
}

/** What is unusual and must pass. */
export interface ValidRequest {
  readonly name: string;
  readonly raw: Raw;
  /** Method, target and body of each request. */
  readonly served: readonly (readonly string[])[];
}

export const refused: readonly RefusedRequest[] = refusedRequests;
export const valid: readonly ValidRequest[] = validRequests;

export function bytesOfRaw(raw: Raw): Buffer {
  const parts = typeof raw === "string" ? [raw] : raw;
  const text = parts
    .map((part) => (typeof part === "string" ? part : part.repeat.repeat(part.times)))
    .join("");
  return Buffer.from(text, "latin1");
}
