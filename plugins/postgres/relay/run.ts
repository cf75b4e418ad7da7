import type { Cursor, Pass, Reason } from "../../../core/plugin.ts";
import type { SqlStatement } from "../sql/classify.ts";
import { headerSize } from "../wire/message.ts";
import type { Admission } from "./admission.ts";
import { inspect, loneCopy } from "./copied.ts";
import type { Cork, Corked } from "./cork.ts";
import { forget } from "./cork.ts";
import type { Exchange } from "./exchange.ts";
import { Malformed, whole } from "./framing.ts";
import type { Lock } from "./lock.ts";
import { NameReader } from "./name.ts";
import { Definition, Portal, QueryRun, Refused, unknownDefinition } from "./named.ts";
import { uncertain } from "./names.ts";
import { flag, kind } from "./owed.ts";
import {
  describePortal,
  failingBind,
  failingFunctionCall,
  failingParse,
  failingQuery,
} from "./replacement.ts";
import { SharedPass } from "./shared-pass.ts";
import type { SqlNames } from "./sql-names.ts";
import { isLate } from "./statement.ts";
import { textAt } from "./text.ts";
import { functionResult, hidden, refusal } from "./unseen.ts";

/** Execute, Query, FunctionCall: what is brought before the gate, one execution at a time. */
export class Running {
  readonly #names = new NameReader();

  constructor(
    readonly exchange: Exchange,
    readonly admission: Admission,
    readonly cork: Cork,
    readonly sqlNames: SqlNames,
    readonly lock: Lock,
  ) {}

  execute(cursor: Cursor, length: number): void {
    const { exchange, admission, cork } = this;
    const { gate, limits } = exchange.services;
    if (!whole(cursor, length, limits.frame)) return;
    this.#names.start(cursor.at + headerSize);
    const name = this.#names.next(cursor, length);
    if (name === undefined || this.#names.at + 4 !== cursor.at + length)
      throw new Malformed("A malformed Execute.");
    const found = exchange.portals.find(name, exchange.group);
    if (found === uncertain && !exchange.drained(cursor)) return;
    const known = found !== undefined && found !== uncertain ? found : new Portal(name, unknownDefinition);
    const limit = Math.max(0, cursor.view.readInt32BE(this.#names.at));
    const portal = limit > 0 && known === known.definition.plain ? own(known) : known;
    portal.limit = limit;
    if (exchange.meant.current(cursor, portal) === undefined) return;
    const late = isLate(portal.statement);
    if (cork.active) {
      cork.add(cursor, length, kind.execute, portal);
      // What follows is read in the light of it: it is decided before.
      cork.full ||= late || special(portal) || portal.statement.detail.changes !== undefined;
      return;
    }
    if ((late || special(portal)) && !exchange.drained(cursor)) return;
    const means = late ? this.sqlNames.resolve(cursor, portal.definition.statement) : portal.statement;
    if (means === undefined) return;
    const statement = this.lock.under(means);
    const plan = gate.plan(statement);
    if (portal.pass && portal.policyVersion === plan.policyVersion) {
      this.#resume(cursor, length, portal, portal.pass);
      return;
    }
    const parameters = portal.bound?.of(portal.definition.types);
    const answer = admission.ask(cursor, plan, parameters);
    if (answer === undefined) return;
    const denied = refusal(answer, hidden(statement, exchange));
    if (denied) {
      this.#refuse(cursor, length, kind.bind, failingBind, denied);
      return;
    }
    const ran = late ? own(portal, limit) : portal;
    ran.statement = means;
    this.#launch(cursor, length, undefined, ran, answer as Pass, plan.policyVersion);
  }

  query(cursor: Cursor, length: number): void {
    const { exchange, admission } = this;
    const { gate, limits } = exchange.services;
    if (!whole(cursor, length, limits.frame)) return;
    const { view, at } = cursor;
    const end = view.indexOf(0, at + headerSize);
    if (end !== at + length - 1) throw new Malformed("A Query whose text does not end where it should.");
    const read = exchange.meant.read(cursor, textAt(view, at + headerSize, end), exchange.settings);
    if (read === undefined) return;
    let statement = exchange.meant.of(cursor, read);
    if (statement === undefined) return;
    const ordered = statement.detail.uses.length > 0 || takesData(statement);
    if (ordered && !exchange.drained(cursor)) return;
    if (isLate(statement)) statement = this.sqlNames.resolve(cursor, statement);
    if (statement === undefined) return;
    const { uses, copyBoth } = statement.detail;
    statement = this.lock.under(statement);
    const answer = admission.ask(cursor, gate.plan(statement));
    if (answer === undefined) return;
    const denied = refusal(answer, hidden(statement, exchange));
    if (denied) {
      cursor.replace(length, failingQuery);
      exchange.oweReady(kind.query, flag.denied, new Refused(denied, read));
    } else {
      const pass = answer as Pass;
      const rows = pass.answer?.rows !== undefined;
      const idle = statement.actions.length === 0;
      const run = rows || copyBoth || idle || uses.length > 0 ? new QueryRun(statement) : undefined;
      const copied = rows ? loneCopy(statement) : undefined;
      if (copied && run) inspect(exchange, cursor, copied, run, pass);
      cursor.forward(length);
      this.lock.ran(statement);
      exchange.oweReady(kind.query, rows ? flag.rows : 0, run, pass);
      exchange.launched(statement, pass);
      exchange.barrier = uses.length > 0 || copied !== undefined;
      if (takesData(statement)) exchange.copy = "asked";
    }
    // A simple query, also a failing one, drops what is unnamed.
    exchange.statements.define("", undefined, exchange.group - 1);
    exchange.portals.define("", undefined, exchange.group - 1);
  }

  functionCall(cursor: Cursor, length: number): void {
    const { exchange, admission } = this;
    const { gate, limits } = exchange.services;
    if (!whole(cursor, length, limits.frame)) return;
    if (length < headerSize + 4) throw new Malformed("A FunctionCall that is cut off.");
    const statement = exchange.meant.call(cursor, cursor.view.readUInt32BE(cursor.at + headerSize));
    if (statement === undefined) return;
    const answer = admission.ask(cursor, gate.plan(statement));
    if (answer === undefined) return;
    const denied = refusal(answer, functionResult);
    if (denied) {
      cursor.replace(length, failingFunctionCall);
      exchange.oweReady(kind.functionCall, flag.denied, new Refused(denied));
      return;
    }
    cursor.forward(length);
    exchange.oweReady(kind.functionCall, 0, undefined, answer as Pass);
    exchange.launched(statement, answer as Pass);
  }

  /** Decides on what is kept back, as one, and sends it. False: the direction is stalled until then. */
  uncork(cursor: Cursor): boolean {
    const { exchange, admission, cork } = this;
    const { gate } = exchange.services;
    const runs = cork.entries.flatMap(({ what, subject }) =>
      what === kind.execute && subject instanceof Portal ? subject : [],
    );
    if (runs.length === 0) {
      for (const entry of cork.take()) this.#release(cursor, entry);
      return true;
    }
    if (runs.some(({ statement }) => isLate(statement)) && !exchange.drained(cursor)) return false;
    for (const run of runs) {
      if (exchange.meant.current(cursor, run) === undefined) return false;
      if (!isLate(run.statement)) continue;
      const statement = this.sqlNames.resolve(cursor, run.definition.statement);
      if (statement === undefined) return false;
      run.statement = statement;
    }
    const all = runs.map((portal) => ({
      plan: gate.plan(this.lock.under(portal.statement)),
      ...(portal.bound ? { parameters: portal.bound.of(portal.definition.types) } : {}),
    }));
    const first = Math.max(
      0,
      all.findIndex(({ plan }) => plan.verdict === "willHold"),
    );
    const main = all[first];
    if (main === undefined) return true;
    const others = all.filter((one) => one !== main);
    const answer = admission.ask(cursor, main.plan, main.parameters, others);
    if (answer === undefined) return false;
    const [unseen] = runs.flatMap(({ statement }) => hidden(statement, exchange) ?? []);
    const denied = refusal(answer, unseen);
    const entries = cork.take();
    if (denied) this.#bury(cursor, entries, denied);
    else {
      const pass = runs.length > 1 ? new SharedPass(answer as Pass, runs.length) : (answer as Pass);
      for (const entry of entries) this.#release(cursor, entry, pass, main.plan.policyVersion);
    }
    return true;
  }

  /** One message that fails takes the place of all that was kept back: of the Parse or Bind it began with. */
  #bury(cursor: Cursor, entries: readonly Corked[], reason: Reason): void {
    const { exchange } = this;
    for (const { what, subject } of entries) forget(exchange, what, subject);
    const first = entries[0]?.subject;
    exchange.skipping = true;
    if (first instanceof Definition) {
      const grave = new Definition(first.name, first.statement, first.types, reason);
      cursor.insert(failingParse(grave.name));
      exchange.statements.define(grave.name, grave, exchange.group);
      exchange.owe(kind.parse, flag.denied, grave);
    } else {
      cursor.insert(failingBind);
      exchange.owe(kind.bind, flag.denied, new Refused(reason));
    }
  }

  #release(cursor: Cursor, { what, bytes, subject }: Corked, pass?: Pass, policyVersion = ""): void {
    if (what === kind.execute && subject instanceof Portal && pass) {
      this.#launch(cursor, 0, bytes, subject, pass, policyVersion);
      return;
    }
    cursor.insert(bytes);
    this.exchange.owe(what, 0, subject);
  }

  /** Sends an Execute under its pass: the one at the cursor, or one that was kept back. */
  #launch(
    cursor: Cursor,
    length: number,
    bytes: Buffer | undefined,
    portal: Portal,
    pass: Pass,
    policyVersion: string,
  ): void {
    const { exchange } = this;
    const { detail } = portal.statement;
    const rows = pass.answer?.rows !== undefined;
    const ran = rows && portal === portal.definition.plain ? own(portal) : portal;
    ran.policyVersion = policyVersion;
    if (rows) {
      ran.filter = undefined;
      ran.copied = undefined;
      const copied = loneCopy(portal.statement);
      if (copied) inspect(exchange, cursor, copied, ran, pass);
      else {
        // Only a Describe of the portal, after its Bind, proves which columns its rows have.
        cursor.insert(describePortal(portal.name));
        exchange.owe(kind.describePortal, flag.swallow | flag.rows, ran, pass);
      }
    }
    if (bytes) cursor.insert(bytes);
    else cursor.forward(length);
    exchange.owe(kind.execute, rows ? flag.rows : 0, ran, pass);
    exchange.launched(portal.statement, pass);
    this.lock.ran(portal.statement);
    exchange.barrier ||= detail.uses.length > 0;
    if (!detail.copyIn) return;
    exchange.copy = "asked";
  }

  #resume(cursor: Cursor, length: number, portal: Portal, pass: Pass): void {
    const { exchange } = this;
    exchange.suspended.delete(portal);
    portal.pass = undefined;
    cursor.forward(length);
    exchange.owe(kind.execute, pass.answer?.rows ? flag.rows : 0, portal, pass);
    exchange.watch(pass);
  }

  #refuse(cursor: Cursor, length: number, what: number, instead: Uint8Array, reason: Reason): void {
    this.cork.discard();
    this.exchange.refuse(cursor, length, what, instead, new Refused(reason));
  }
}

/** Statements that everything before must be answered for. */
function special({ statement }: Portal): boolean {
  return takesData(statement) || statement.detail.uses.length > 0;
}

/** Whether its caller sends data once the server asks for it. */
function takesData({ detail }: SqlStatement): boolean {
  return detail.copyIn === true || detail.copyBoth === true;
}

/** A portal that can be told from others of the same statement. */
function own(portal: Portal, limit = portal.limit): Portal {
  const copy = new Portal(portal.name, portal.definition, portal.bound);
  copy.statement = portal.statement;
  copy.source = portal.source;
  copy.means = portal.means;
  copy.limit = limit;
  return copy;
}
