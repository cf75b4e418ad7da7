import type { HttpTarget } from "../config.ts";
import type { Asked, Reading } from "../dialect.ts";

/** Methods that may be sent again where nobody knows whether they were seen (RFC 9110, 9.2.1). */
const safe = new Set(["GET", "HEAD", "OPTIONS"]);

/** Whether a request only looks, by its method and by all that is known of what it does here: it may be sent twice. */
export function onlyLooks({ head, hasBody }: Asked<HttpTarget>, { statement }: Reading): boolean {
  return safe.has(head.method) && !hasBody && statement.actions.every(({ effect }) => effect === "read");
}
