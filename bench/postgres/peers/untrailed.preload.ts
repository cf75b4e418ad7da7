// Loaded before a gateway's own: it forgets operations instead of writing them down, so that one sees what the trail costs.
import type { Entry } from "../../../core/trail/entry.ts";
import { StreamTrail } from "../../../core/trail/stream-trail.ts";

const { append } = StreamTrail.prototype;
/** The stream's first entry, durable for as long as anybody asks. */
const durable = 1;

StreamTrail.prototype.append = function (this: StreamTrail, entry: Entry, again?: boolean): number {
  if (entry.kind === "operation" || entry.kind === "outcome") return durable;
  return append.call(this, entry, again);
};
