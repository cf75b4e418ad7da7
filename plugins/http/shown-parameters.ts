import type { Parameters } from "../../core/plugin.ts";
import type { Fields } from "./message.ts";

/**
 * What an approver is shown of a request beside its first line: the body, as text where it is one; what the dialect found
 * out of it; and the fields that may change what it means. undefined: there is nothing.
 */
export function shownParameters(
  body: Uint8Array | undefined,
  shown: string | undefined,
  fields: Fields,
): Parameters | undefined {
  const values: (string | Uint8Array)[] = [];
  if (body !== undefined && body.length > 0) values.push(asText(body));
  if (shown !== undefined) values.push(shown);
  const bodies = values.length;
  const lines = shownFields(fields);
  if (lines !== "") values.push(lines);
  if (values.length === 0) return undefined;
  return { length: values.length, bodies, at: (index) => values[index] ?? null };
}

function asText(body: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    // Shown as bytes.
    return body;
  }
}

/** All but those that are known to change nothing: services have their own that name what is to be done (`X-Amz-Target`). */
function shownFields(fields: Fields): string {
  const lines: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    if (harmless.test(name)) continue;
    lines.push(`${name}: ${secret.test(name) ? `(${value.length} characters, not shown)` : value}`);
  }
  return lines.join("\n");
}

/** Of the connection, of who sends it, of what answer is liked best, of its traces. */
const harmless =
  /^(?:host|connection|content-length|expect|te|priority|user-agent|accept|accept-(?:charset|encoding|language)|cache-control|pragma|date|dnt|origin|referer|save-data|upgrade-insecure-requests|if-modified-since|range|if-range|sec-(?:ch-.*|fetch-.*|gpc|websocket-(?:key|version|extensions))|traceparent|tracestate|baggage|b3|x-b3-.*|x-request-id|x-correlation-id|kubectl-.*)$/i;

/** What approver, trail and recording have no business with. */
const secret = /auth|cookie|credential|key|passw|secret|session|signature|token/i;
