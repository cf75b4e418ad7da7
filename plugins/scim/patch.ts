import { ScimError } from "./error.ts";
import { changeOf, changesOf, type UserChange } from "./user.ts";

/** More would be no change of one user. */
const mostOperations = 100;

/** All operations of a PATCH (RFC 7644, 3.5.2), as Okta and Entra send them; later ones count. */
export function patchOf(body: unknown): UserChange {
  const operations = member(body, "operations");
  if (!Array.isArray(operations) || operations.length > mostOperations) {
    throw new ScimError(400, "A PATCH has Operations, a short list.", "invalidSyntax");
  }
  return Object.assign({}, ...operations.map(operation));
}

function operation(one: unknown): UserChange {
  const [op, path, value] = [member(one, "op"), member(one, "path"), member(one, "value")];
  const kind = typeof op === "string" ? op.toLowerCase() : "";
  if (kind === "remove" && typeof path === "string") return changeOf(path, null);
  if (kind !== "add" && kind !== "replace") {
    throw new ScimError(400, "An operation is add, replace, or remove with a path.", "invalidSyntax");
  }
  return path === undefined ? changesOf(value) : changeOf(String(path), value);
}

/** Names have no case (RFC 7643, 2.1). */
function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key.toLowerCase() === name)?.[1];
}
