import type { Operation, Reason } from "../../../core/plugin.ts";
import { readJson } from "../pods/index.ts";
import { holdsMask, isMask } from "./masks.ts";

/** What the dialect found out about a request, for guardrails of ours. */
export interface RequestDetail {
  /** What the cluster would store holds a mask in the place of a value. */
  readonly holdsMask?: boolean;
}

/** Why this request must not be sent; undefined: nothing is against it. `ofSecrets`: it is for them. */
export function againstWriting(operation: Operation, ofSecrets: boolean): Reason | undefined {
  const { actions, parameters, detail } = operation;
  if (!actions.some(({ effect }) => effect !== "read" && effect !== "connect")) return undefined;
  if (ofSecrets && (detail as RequestDetail | undefined)?.holdsMask) return writtenBack;
  const body = parameters?.at(0) ?? null;
  if (body === null) return undefined;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const read = readJson(bytes);
  if ("doubt" in read) {
    if (ofSecrets && mayCarryOver.test(Buffer.from(bytes).toString("latin1"))) return carriedOver;
    return holdsMask(Buffer.from(bytes).toString("latin1")) ? writtenBack : undefined;
  }
  if (ofSecrets && carriesOver(read.value)) return carriedOver;
  return isIn(read.value, 0) ? writtenBack : undefined;
}

/** Whether a mask stands in it, whole, also in JSON that is a text in it. */
function isIn(value: unknown, depth: number): boolean {
  if (depth > 200) return true;
  if (typeof value === "string") {
    if (isMask(value)) return true;
    if (!/^\s*[[{]/.test(value)) return false;
    try {
      return isIn(JSON.parse(value), depth + 1);
    } catch {
      return false;
    }
  }
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((each) => isIn(each, depth + 1));
}

/** Written in JSON that cannot be read with certainty. */
const mayCarryOver = /"(?:f|\\u0066)(?:rom|\\)|"(?:copy|move|test)"|\\u00/i;

/** A JSON Patch (RFC 6902) that copies, moves or compares values: they would be where no mask looks for them. */
function carriesOver(patch: unknown): boolean {
  if (!Array.isArray(patch)) return false;
  return patch.some((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return false;
    const { op, from, path } = entry as Record<string, unknown>;
    return (op === "test" && isOfValues(path)) || (from !== undefined && isOfValues(from));
  });
}

/** `/data`, what is in it, or the whole object that it is in. */
function isOfValues(pointer: unknown): boolean {
  return typeof pointer !== "string" || pointer === "" || /^\/(?:data|stringdata|)(?:\/|$)/i.test(pointer);
}

const writtenBack: Reason = {
  code: "mask.written-back",
  message: "What would be stored holds a text that a mask has put in the place of a value.",
  hint: "Leave the masked fields out of what you write, or give them new values.",
};

const carriedOver: Reason = {
  code: "mask.carried-over",
  message: "The patch copies, moves or compares values of a Secret that are masked here.",
  hint: "Write new values instead.",
};
