import { ScimError } from "./error.ts";

export const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User";

export const subjectsFrom = ["userName", "externalId", "email"] as const;
export type SubjectFrom = (typeof subjectsFrom)[number];

/** What is kept of a user (RFC 7643, 4.1): what an identity provider compares, and nothing else of a person. */
export interface User {
  readonly id: string;
  readonly userName: string;
  readonly externalId?: string;
  readonly displayName?: string;
  readonly email?: string;
  readonly active: boolean;
  /** Epoch milliseconds. */
  readonly created: number;
  readonly changed: number;
}

/** Attributes of a request that are kept; null: removed. Absent: it does not speak of them. */
export interface UserChange {
  readonly userName?: string | null;
  readonly externalId?: string | null;
  readonly displayName?: string | null;
  readonly email?: string | null;
  readonly active?: boolean;
}

/** Attribute names without their case (RFC 7643, 2.1), with or without the schema's name before them. */
const names = new Map<string, keyof UserChange>([
  ["username", "userName"],
  ["externalid", "externalId"],
  ["displayname", "displayName"],
  ["emails", "email"],
  ["active", "active"],
]);

/** Reads one attribute of a request, by its name or the path of a PATCH; what is not kept changes nothing. */
export function changeOf(path: string, value: unknown): UserChange {
  const plain = path.toLowerCase().replace(`${userSchema.toLowerCase()}:`, "");
  // `emails[type eq "work"].value`, as Entra writes it.
  const name = names.get(plain.replace(/^emails\[.*\]\.value$/, "emails"));
  if (name === undefined) return {};
  if (name === "active") return { active: truth(value) };
  if (value === null || value === undefined) return { [name]: null };
  return { [name]: text(name, name === "email" ? emailIn(value) : value) };
}

/** All attributes of a resource, or of a PATCH's value without a path. */
export function changesOf(resource: unknown): UserChange {
  if (typeof resource !== "object" || resource === null || Array.isArray(resource)) {
    throw new ScimError(400, "A user is a JSON object.", "invalidSyntax");
  }
  return Object.assign({}, ...Object.entries(resource).map(([name, value]) => changeOf(name, value)));
}

/** Throws ScimError where it would have no name, or be nobody whom the gateway could know. */
export function changed(
  user: Partial<User> & Pick<User, "id" | "created">,
  change: UserChange,
  now: number,
): User {
  const merged = Object.entries({ active: true, ...user, ...change, changed: now });
  const next = Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined));
  if (typeof next.userName !== "string") throw new ScimError(400, "A user needs a userName.", "invalidValue");
  return next as unknown as User;
}

/** Who of the gateway's identities this is. Throws ScimError when it does not say. */
export function subjectOf(user: User, from: SubjectFrom): string {
  const subject = user[from];
  if (subject !== undefined) return subject;
  throw new ScimError(
    400,
    `A user needs ${from === "email" ? "an email" : `an ${from}`} here.`,
    "invalidValue",
  );
}

/** As it is answered. `url`: where the endpoint is reached. */
export function resourceOf({ id, email, created, changed, ...user }: User, url: string): object {
  return {
    schemas: [userSchema],
    id,
    ...user,
    ...(email === undefined ? {} : { emails: [{ value: email, primary: true }] }),
    meta: {
      resourceType: "User",
      created: new Date(created).toISOString(),
      lastModified: new Date(changed).toISOString(),
      location: `${url}/Users/${id}`,
    },
  };
}

/** Entra writes booleans as "True" and "False". */
function truth(value: unknown): boolean {
  const plain = typeof value === "string" ? value.toLowerCase() : value;
  if (plain === true || plain === "true") return true;
  if (plain === false || plain === "false") return false;
  throw new ScimError(400, "active is true or false.", "invalidValue");
}

function text(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= 1000) return value;
  throw new ScimError(400, `${name} is no text of up to 1000 characters.`, "invalidValue");
}

/** The primary one of a list, else the first. */
function emailIn(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const emails = value.filter(
    (one): one is { value?: unknown; primary?: unknown } => typeof one === "object" && one !== null,
  );
  return (emails.find(({ primary }) => primary === true) ?? emails[0])?.value;
}
