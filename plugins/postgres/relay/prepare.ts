import type { Cursor, Plan, Reason } from "../../../core/plugin.ts";
import { headerSize } from "../wire/message.ts";
import type { Admission } from "./admission.ts";
import type { Cork } from "./cork.ts";
import type { Exchange } from "./exchange.ts";
import { Malformed, whole } from "./framing.ts";
import { NameReader } from "./name.ts";
import { Closing, Definition, Portal, Refused, unknownDefinition } from "./named.ts";
import { uncertain } from "./names.ts";
import { kind } from "./owed.ts";
import { Bound } from "./parameters.ts";
import { failingBind, failingDescribe, failingParse } from "./replacement.ts";
import { isLate, typedStatement } from "./statement.ts";
import { textAt } from "./text.ts";

const statementByte = 0x53;
const portalByte = 0x50;

/** Parse, Bind, Describe, Close: what names mean, and what is denied from its text alone. */
export class Preparation {
  readonly #names = new NameReader();
  #statement = false;

  constructor(
    readonly exchange: Exchange,
    readonly admission: Admission,
    readonly cork: Cork,
  ) {}

  parse(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { limits, gate } = exchange.services;
    if (!whole(cursor, length, limits.frame)) return;
    const { view, at } = cursor;
    this.#names.start(at + headerSize);
    const name = this.#names.next(cursor, length);
    if (name === undefined) return;
    const end = view.indexOf(0, this.#names.at);
    if (end === -1 || end + 3 > at + length) throw new Malformed("A Parse that is cut off.");
    const text = textAt(view, this.#names.at, end);
    const types = typesAt(view, end + 1, at + length);
    const read = exchange.meant.read(cursor, text, exchange.settings);
    if (read === undefined) return;
    const source = typedStatement(read, types);
    const statement = exchange.meant.of(cursor, source);
    if (statement === undefined) return;
    const plan = isLate(statement) ? undefined : gate.plan(statement);
    const denied = this.#deniedPlan(plan) ?? this.#full(name, exchange.statements.size);
    const definition = new Definition(name, statement, types, denied);
    definition.plan = plan;
    definition.settings = exchange.settings;
    definition.reads(source, statement);
    if (denied) {
      this.cork.discard();
      exchange.refuse(cursor, length, kind.parse, failingParse(name), definition);
    } else this.#send(cursor, length, kind.parse, definition, plan);
    exchange.statements.define(name, definition, exchange.group);
  }

  bind(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const { limits, gate } = exchange.services;
    this.#names.start(cursor.at + headerSize);
    const name = this.#names.next(cursor, length);
    if (name === undefined) return;
    const statement = this.#names.next(cursor, length);
    if (statement === undefined) return;
    const found = exchange.statements.find(statement, exchange.group);
    if (found === uncertain && !exchange.drained(cursor)) return;
    const known = found !== undefined && found !== uncertain;
    const definition = known ? exchange.meant.upToDate(cursor, found) : unknownDefinition;
    if (definition === undefined) return;
    const late = !known || isLate(definition.statement);
    if (!late) definition.plan = gate.plan(definition.statement);
    const denied = this.#denied(definition) ?? this.#full(name, exchange.portals.size);
    if (denied) {
      this.cork.discard();
      exchange.refuse(cursor, length, kind.bind, failingBind, new Refused(denied));
      return;
    }
    const plan = late ? undefined : definition.plan;
    const keeps = gate.wantsParameters || this.cork.active || plan?.verdict === "willHold";
    if (keeps && !whole(cursor, length, limits.frame)) return;
    const bound = keeps ? Bound.at(cursor, length, definition.types) : undefined;
    const portal = bound || name !== "" ? new Portal(name, definition, bound) : definition.plain;
    this.#send(cursor, length, kind.bind, portal, plan);
    exchange.portals.define(name, portal, exchange.group);
  }

  describe(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const name = this.#named(cursor, length);
    if (name === undefined) return;
    if (!this.#statement) {
      this.#send(cursor, length, kind.describePortal, undefined, undefined);
      return;
    }
    const found = exchange.statements.find(name, exchange.group);
    if (found instanceof Definition && found.deny) {
      exchange.refuse(cursor, length, kind.describeStatement, failingDescribe, found);
      return;
    }
    const described = found instanceof Definition ? found : undefined;
    this.#send(cursor, length, kind.describeStatement, described, undefined);
  }

  close(cursor: Cursor, length: number): void {
    const { exchange } = this;
    const name = this.#named(cursor, length);
    if (name === undefined) return;
    const closing = new Closing(this.#statement ? "statement" : "portal", name);
    this.#send(cursor, length, kind.close, closing, undefined);
    const names = this.#statement ? exchange.statements : exchange.portals;
    names.define(name, undefined, exchange.group);
  }

  #denied(definition: Definition): Reason | undefined {
    if (definition.deny === undefined) return this.#deniedPlan(definition.plan);
    if (definition.plan) this.admission.denied(definition.plan);
    return definition.deny;
  }

  #deniedPlan(plan: Plan | undefined): Reason | undefined {
    if (typeof plan?.verdict !== "object") return undefined;
    this.admission.denied(plan);
    return plan.verdict.deny;
  }

  #full(name: string, size: number): Reason | undefined {
    const { gate, limits } = this.exchange.services;
    const { statements } = limits;
    if (name === "" || size < statements) return undefined;
    gate.reached("statements");
    return {
      code: "limit.statements",
      message: `This session already has ${statements} named statements or portals.`,
      hint: "Close those that are no longer used (DEALLOCATE ALL).",
    };
  }

  /** The name in a Describe or Close; of which kind is in `#statement`. */
  #named(cursor: Cursor, length: number): string | undefined {
    if (!whole(cursor, length, this.exchange.services.limits.frame)) return undefined;
    const what = cursor.view[cursor.at + headerSize];
    if (what !== statementByte && what !== portalByte) {
      throw new Malformed("A Describe or Close names neither a statement nor a portal.");
    }
    this.#statement = what === statementByte;
    this.#names.start(cursor.at + headerSize + 1);
    return this.#names.next(cursor, length);
  }

  /** On its way, or kept back: once something of a group is, all that follows in it is. */
  #send(
    cursor: Cursor,
    length: number,
    what: number,
    subject: Definition | Portal | Closing | undefined,
    plan: Plan | undefined,
  ): void {
    if (this.cork.active || plan?.verdict === "willHold") this.cork.add(cursor, length, what, subject);
    else {
      cursor.forward(length);
      this.exchange.owe(what, 0, subject);
    }
  }
}

const noTypes: readonly number[] = [];

function typesAt(view: Buffer, at: number, end: number): readonly number[] {
  const count = view.readUInt16BE(at);
  if (at + 2 + count * 4 !== end) throw new Malformed("A Parse whose parameter types do not fit in it.");
  if (count === 0) return noTypes;
  return Array.from({ length: count }, (_, index) => view.readUInt32BE(at + 2 + index * 4));
}
