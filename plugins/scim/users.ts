import { randomUUID } from "node:crypto";
import type { Ended, WebTools } from "../../core/plugin.ts";
import { ScimError } from "./error.ts";
import { changed, type SubjectFrom, subjectOf, type User, type UserChange } from "./user.ts";

export interface UsersTerms {
  readonly path: string;
  readonly subject: SubjectFrom;
  readonly issuer?: string;
}

/** Names under which a user is found; each belongs to one user alone. */
const keys = ["userName", "externalId"] as const;

/**
 * The users of the identity provider, in the store of all gateways. What a request says of `active` is in force
 * before it is kept, and again each time that it is said: a request that failed half-way can be repeated.
 */
export class Users {
  constructor(
    readonly terms: UsersTerms,
    readonly tools: WebTools,
  ) {}

  /** Throws ScimError 404. */
  async get(id: string): Promise<User> {
    const kept = await this.tools.records.get(`user/${id}`);
    if (kept === undefined) throw new ScimError(404, `There is no user ${id}.`);
    return JSON.parse(kept) as User;
  }

  /** Those that carry this value, one or none. */
  async find(attribute: "id" | (typeof keys)[number], value: string): Promise<User[]> {
    const id = attribute === "id" ? value : await this.tools.records.get(key(attribute, value));
    const kept = id === undefined ? undefined : await this.tools.records.get(`user/${id}`);
    return kept === undefined ? [] : [JSON.parse(kept) as User];
  }

  async page(skip: number, take: number): Promise<{ total: number; users: User[] }> {
    const { total, values } = await this.tools.records.page("user/", skip, take);
    return { total, users: values.map((value) => JSON.parse(value) as User) };
  }

  async create(change: UserChange): Promise<User> {
    const now = Date.now();
    const user = changed({ id: randomUUID(), created: now }, change, now);
    subjectOf(user, this.terms.subject);
    await this.#claim(user);
    await this.#enforce(user, user.active);
    await this.#keep(user);
    return user;
  }

  /** `whole`: what it does not speak of is gone, but not whether the user is active. */
  async change(id: string, change: UserChange, whole: boolean): Promise<User> {
    const old = await this.get(id);
    const { active, created } = old;
    const user = changed(whole ? { id, active, created } : old, change, Date.now());
    subjectOf(user, this.terms.subject);
    await this.#claim(user);
    // Whoever is inactive stays so under another name.
    await this.#enforce(user, change.active ?? (user.active ? undefined : false));
    await this.#keep(user);
    for (const name of keys) {
      const value = old[name];
      if (value !== undefined && keyed(user, name) !== keyed(old, name))
        await this.tools.records.remove(key(name, value));
    }
    return user;
  }

  async remove(id: string): Promise<void> {
    const user = await this.get(id);
    await this.#enforce(user, false);
    for (const name of keys) {
      const value = user[name];
      if (value !== undefined) await this.tools.records.remove(key(name, value));
    }
    await this.tools.records.remove(`user/${id}`);
  }

  async #enforce(user: User, active: boolean | undefined): Promise<void> {
    if (active === undefined) return;
    const { path, issuer, subject } = this.terms;
    const by = `scim ${path}`;
    const of: Ended = {
      kind: "identity",
      subject: subjectOf(user, subject),
      ...(issuer === undefined ? {} : { issuer }),
    };
    if (active) return await this.tools.lift(of, by);
    const message = "Your account was deactivated by your identity provider.";
    await this.tools.end({ of, by, blocks: true, reason: { code: "access.deactivated", message } });
  }

  #keep(user: User): Promise<void> {
    return this.tools.records.put(`user/${user.id}`, JSON.stringify(user));
  }

  /** Throws ScimError 409 where another user has one of its names. */
  async #claim(user: User): Promise<void> {
    for (const name of keys) {
      const value = user[name];
      if (value === undefined || (await this.tools.records.add(key(name, value), user.id))) continue;
      const [owner] = await this.find(name, value);
      if (owner && owner.id !== user.id)
        throw new ScimError(409, `Another user has this ${name}.`, "uniqueness");
      // What a request that failed half-way has left.
      if (!owner) await this.tools.records.put(key(name, value), user.id);
    }
  }
}

function keyed(user: User, name: (typeof keys)[number]): string | undefined {
  const value = user[name];
  return value === undefined ? undefined : key(name, value);
}

/** A userName has no case (RFC 7643, 4.1.1). */
function key(name: (typeof keys)[number], value: string): string {
  return name === "userName" ? `name/${value.toLowerCase()}` : `external/${value}`;
}
