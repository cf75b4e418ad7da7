import type { JsonObject } from "./json.ts";

/** One flaw of an object, as `details.causes` names it. */
export interface Cause extends JsonObject {
  reason: string;
  message: string;
  field: string;
}

/** What went wrong, as a `Status` object (API conventions, "Response Status Kind"). */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly reason?: string,
    readonly details?: JsonObject,
    /** `server`: in the words of the part that routes, which always writes `details`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  get status(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** An answer in plain text, as the layers before the API give it. */
export class PlainError extends Error {
  constructor(
    readonly code: number,
    readonly text: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(text);
  }
}

/** What an object is called in an error: `group` is left out where it is the core's. */
export interface Named {
  readonly group: string;
  readonly resource: string;
}

const grouped = ({ group }: Named) => (group === "" ? {} : { group });
const qualified = ({ group, resource }: Named) => (group === "" ? resource : `${resource}.${group}`);

export function notFound(what: Named, name: string): ApiError {
  return new ApiError(404, `${qualified(what)} "${name}" not found`, "NotFound", {
    name,
    ...grouped(what),
    kind: what.resource,
  });
}

export function alreadyExists(what: Named, name: string): ApiError {
  return new ApiError(409, `${qualified(what)} "${name}" already exists`, "AlreadyExists", {
    name,
    ...grouped(what),
    kind: what.resource,
  });
}

export function conflict(what: Named, name: string, why: string): ApiError {
  return new ApiError(
    409,
    `Operation cannot be fulfilled on ${qualified(what)} "${name}": ${why}`,
    "Conflict",
    { name, ...grouped(what), kind: what.resource },
  );
}

export const modified =
  "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(what: Named, name: string, why: string): ApiError {
  const subject = name === "" ? qualified(what) : `${qualified(what)} "${name}"`;
  return new ApiError(403, `${subject} is forbidden: ${why}`, "Forbidden", {
    ...(name === "" ? {} : { name }),
    ...grouped(what),
    kind: what.resource,
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, message, "BadRequest");
}

export function invalid(kind: string, group: string, name: string, causes: readonly Cause[]): ApiError {
  const flaws = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = flaws.length === 1 ? flaws[0] : `[${flaws.join(", ")}]`;
  const qualifiedKind = group === "" ? kind : `${kind}.${group}`;
  return new ApiError(422, `${qualifiedKind} "${name}" is invalid: ${list}`, "Invalid", {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind,
    causes: [...causes],
  });
}

export function flaw(
  reason: "Invalid" | "Required" | "NotSupported" | "Forbidden",
  field: string,
  message: string,
): Cause {
  return { reason: `FieldValue${reason}`, message, field };
}

export function unauthorized(): ApiError {
  return new ApiError(401, "Unauthorized", "Unauthorized");
}

export function noRoute(): ApiError {
  return new ApiError(404, "the server could not find the requested resource", "NotFound", {});
}

export function notAllowed(): ApiError {
  return new ApiError(
    405,
    "the server does not allow this method on the requested resource",
    "MethodNotAllowed",
    {},
  );
}

export function expired(message: string): ApiError {
  return new ApiError(410, message, "Expired");
}
