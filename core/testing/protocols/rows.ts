import type { Denial, Gate, Pass } from "../../gate.ts";
import type { RowFilter } from "../../guardrail.ts";
import type { Effect, Reason, Statement } from "../../operation.ts";
import type { ConnectionProtocol, Link, Resource } from "../../protocol.ts";
import { type Codec, type Cursor, Pump } from "../../pump.ts";
import { connectWire } from "../../socket.ts";
import { greeted } from "./greeting.ts";
import { column, frame, header, rowCells, types } from "./rows-frames.ts";

interface RowsConfig {
  readonly port: number;
}

type Emits = "operation" | "rows" | "text" | "wire";

/**
 * A framed, pipelined test protocol (rows-frames.ts): ASK frames in groups that end with SYNC; each is
 * answered by COLUMNS, ROW…, DONE or by FAILED, a group by READY. After FAILED the rest of the group
 * is skipped, by the resource and by the gateway.
 */
export function rows(config: RowsConfig): Resource<RowsConfig, Emits> {
  return { protocol: rowsProtocol, config };
}

export const rowsProtocol: ConnectionProtocol<RowsConfig, Emits> = {
  name: "rows",
  emits: ["operation", "rows", "text", "wire"],
  accept: greeted,
  async dial(permit) {
    return { wire: await connectWire({ host: "127.0.0.1", port: permit.config.port, timeout: 1_000 }) };
  },
  relay: (link) => new RowsRelay(link).run(),
  refuse(caller, reason) {
    caller.write(frame(types.FAILED, reason.code));
  },
};

function statementOf(text: string): Statement {
  const [effect = "", on = "*"] = text.split(" ");
  const known = ["read", "write", "delete"].includes(effect) ? (effect as Effect) : "unknown";
  return { text, actions: [{ effect: known, on }] };
}

/** What the resource owes: an answer to a pass, to a denied ASK (replaced by a failing one), or READY. */
type Owed =
  | { pass: Pass; ready?: true; filter?: RowFilter | "withhold" | undefined }
  | { denied: Reason }
  | "ready";

class RowsRelay {
  readonly #gate: Gate;
  readonly #pump: Pump;
  readonly #owed: Owed[] = [];
  /** The verdict on the ASK frame at which the caller's direction stands still. */
  #verdict: Pass | Denial | undefined;

  constructor(readonly link: Link<RowsConfig>) {
    const { caller, resource, gate } = link;
    this.#gate = gate;
    const ended = () => this.#abandon();
    const toResource: Codec = { decode: (cursor) => this.#asked(cursor), ended };
    const toCaller: Codec = { decode: (cursor) => this.#answered(cursor), ended };
    this.#pump = new Pump({ caller, resource, gate, toResource, toCaller });
  }

  run(): Promise<void> {
    this.#pump.inject("toCaller", frame(types.NOTE, `welcome ${this.#gate.session.id}`));
    this.#gate.signal.addEventListener("abort", () => {
      this.#pump.inject("toCaller", frame(types.FAILED, this.#gate.signal.reason.code));
      this.#pump.close();
    });
    this.#pump.start();
    return this.#pump.finished;
  }

  #asked(cursor: Cursor): void {
    const head = header(cursor);
    if (!head) return;
    if (head.type === types.SYNC) {
      this.#owed.push("ready");
      return cursor.forward(head.length);
    }
    const text = cursor.view.toString("utf8", cursor.at + 5, cursor.at + head.length);
    const verdict = this.#verdict ?? this.#gate.begin(this.#gate.plan(statementOf(text)), this.#execution);
    this.#verdict = undefined;
    if (verdict instanceof Promise) {
      verdict.then((known) => {
        this.#verdict = known;
        this.#pump.resume("toResource");
      });
      return cursor.stall();
    }
    if ("deny" in verdict) {
      this.#owed.push({ denied: verdict.deny });
      return cursor.replace(head.length, frame(types.ASK, "fail"));
    }
    this.#owed.push({ pass: verdict });
    cursor.forward(head.length);
  }

  readonly #execution = {
    inTransaction: false,
    held: (hold: { id: string }) => this.#pump.inject("toCaller", frame(types.NOTE, `held ${hold.id}`)),
  };

  #answered(cursor: Cursor): void {
    const head = header(cursor);
    if (!head) return;
    const owed = this.#owed[0];
    if (head.type === types.NOTE) return this.#note(cursor, head.length);
    if (typeof owed === "object" && "pass" in owed && !owed.ready) {
      const waits = owed.pass.ready();
      owed.ready = true;
      if (waits) {
        waits.then(() => this.#pump.resume("toCaller"));
        return cursor.stall();
      }
    }
    if (head.type === types.READY) {
      this.#owed.shift();
      return cursor.forward(head.length);
    }
    if (owed === undefined || owed === "ready") throw new Error("an answer that nobody asked for");
    if (head.type === types.FAILED) {
      this.#skipGroup();
      if ("denied" in owed) return cursor.replace(head.length, frame(types.FAILED, owed.denied.code));
      owed.pass.end({ result: "error" });
      return cursor.forward(head.length);
    }
    if ("denied" in owed) throw new Error("a denied operation was answered");
    if (head.type === types.COLUMNS) owed.filter = this.#filter(owed.pass, cursor, head.length);
    if (head.type === types.ROW && owed.filter) return this.#row(cursor, head.length, owed.filter);
    if (head.type === types.DONE) {
      owed.pass.end({ result: "ok" });
      this.#owed.shift();
    }
    cursor.forward(head.length);
  }

  #filter(pass: Pass, cursor: Cursor, length: number): RowFilter | "withhold" | undefined {
    const names = rowCells(cursor.view, cursor.at, length).map((cell) => cell.toString("utf8"));
    const verdict = pass.answer?.rows?.(names.map(column)) ?? "clear";
    return verdict === "clear" ? undefined : verdict;
  }

  #row(cursor: Cursor, length: number, filter: RowFilter | "withhold"): void {
    const cells = rowCells(cursor.view, cursor.at, length).map((cell, index) => {
      if (filter === "withhold") return Buffer.alloc(0);
      if (!filter.columns.includes(index)) return cell;
      const shown = filter.show(index, cell, 0, cell.length);
      return shown === undefined ? cell : (shown ?? Buffer.alloc(0));
    });
    cursor.replace(length, frame(types.ROW, ...cells));
  }

  #note(cursor: Cursor, length: number): void {
    const text = cursor.view.toString("utf8", cursor.at + 5, cursor.at + length);
    const shown = this.#gate.unasked()?.text?.("notice", text) ?? text;
    cursor.replace(length, frame(types.NOTE, shown));
  }

  /** The resource skips to the next SYNC after a failure: so do we. */
  #skipGroup(): void {
    const failed = this.#owed.shift();
    if (failed && typeof failed === "object" && "pass" in failed) failed.pass.end({ result: "error" });
    while (this.#owed.length > 0 && this.#owed[0] !== "ready") {
      const skipped = this.#owed.shift() as Exclude<Owed, "ready">;
      if ("pass" in skipped) skipped.pass.end({ result: "cancelled" });
    }
  }

  #abandon(): void {
    for (const owed of this.#owed)
      if (typeof owed === "object" && "pass" in owed) owed.pass.end({ result: "unknown" });
    this.#owed.length = 0;
    this.#gate.end({ code: "session.closed", message: "The connection is gone." });
  }
}
