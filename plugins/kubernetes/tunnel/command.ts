import {
  AnswerStream,
  type Outcome,
  PosternError,
  type Reason,
  type Typed,
  typedOn,
} from "../../../core/plugin.ts";
import { Ends, Intake, type Tunnel, Utf8Check } from "../../http/kit.ts";
import { statusObject } from "../status.ts";
import { CommandRecord, type RemoteCommand } from "./command-record.ts";
import { type Exit, exitOf } from "./exit.ts";
import { streamFault } from "./fault.ts";
import type { Out, StreamName, Streams, StreamsSink } from "./streams.ts";

/** Bytes of what an error stream says, and of one size of a terminal. */
const longestError = 64 * 1024;
const longestSize = 1024;

/** A command in a container (exec, attach) and its caller: output under its guardrails, input counted, both recorded. */
export class CommandTunnel implements StreamsSink {
  readonly #ends: Ends;
  readonly #streams: Streams;
  readonly #record: CommandRecord;
  readonly #typed: Typed | undefined;
  readonly #intake: Intake;
  readonly #under: Readonly<Record<"stdin" | "stdout" | "stderr" | "error", AnswerStream>>;
  /** Of what a guardrail must be able to read: undefined where none looks, or a terminal shows it. */
  readonly #text: Readonly<Partial<Record<StreamName, Utf8Check>>>;
  #error: Buffer = Buffer.alloc(0);
  #sizes = "";
  #exit: Exit | undefined;
  #bytes = 0;
  #done = false;

  constructor(
    readonly tunnel: Tunnel,
    readonly command: RemoteCommand,
    /** The error stream holds a Status object. */
    readonly status: boolean,
    carriedBy: (out: Out, sink: StreamsSink) => Streams,
  ) {
    const { caller, resource, pass, gate, record } = tunnel;
    const { terminal } = command;
    this.#ends = new Ends(caller, resource);
    this.#streams = carriedBy((to, bytes) => this.#ends.write(to, bytes), this);
    this.#record = new CommandRecord(tunnel, command);
    this.#intake = new Intake(pass.answer?.intake);
    if (terminal && record) this.#typed = typedOn(gate, record.channel, pass.answer);
    const output = (name: "stdout" | "stderr", channel: string) =>
      new AnswerStream(pass.answer, "toCaller", channel, (late) => this.#show(name, late));
    this.#under = {
      stdout: output("stdout", terminal ? "terminal" : "stdout"),
      stderr: output("stderr", "stderr"),
      error: new AnswerStream(pass.answer, "toCaller", "error", (late) => this.#streams.send("error", late)),
      stdin: new AnswerStream(pass.answer, "toResource", terminal ? "terminal" : "stdin", (late) =>
        this.#streams.send("stdin", late),
      ),
    };
    const masked = pass.answer?.stream !== undefined && !terminal;
    this.#text = masked ? { stdout: new Utf8Check(), stderr: new Utf8Check() } : {};
  }

  async carry(): Promise<Outcome> {
    const { signal, limits, gate } = this.tunnel;
    try {
      await this.#ends.carry((view, from) => this.#streams.push(view, from), signal, limits.idle);
      this.leaving();
    } catch (error) {
      this.#leave(error instanceof PosternError ? error.reason : failed, gate.session.id);
      throw error;
    } finally {
      this.#over();
    }
    const { result = "unknown", code } = this.#exit ?? {};
    return { result, ...(code === undefined ? {} : { code }), bytes: this.#bytes };
  }

  data(name: StreamName, view: Buffer): void {
    switch (name) {
      case "stdout":
      case "stderr":
        return this.#output(name, view);
      case "stdin":
        return this.#input(view);
      case "resize":
        return this.#resize(view);
      case "error":
        if (this.#error.length + view.length > longestError) throw streamFault("an error is too long");
        this.#error = Buffer.concat([this.#error, view]);
        if (this.status && view.at(-1) === closingBrace) this.#tellExit(false);
    }
  }

  ended(name: StreamName): void {
    if (name === "error") {
      this.#tellExit(true);
      this.#exit ??= exitOf(this.#error, this.status);
    } else if (name !== "resize") this.#under[name].flush();
    this.#streams.end(name);
  }

  leaving(): void {
    this.#under.stdout.flush();
    this.#under.stderr.flush();
    this.#tellExit(true);
  }

  #output(name: "stdout" | "stderr", view: Buffer): void {
    this.#typed?.shown(view);
    const text = this.#text[name];
    if (text && (!text.push(view, false) || view.includes(0))) throw binary;
    const now = this.#under[name].push(view);
    if (now) this.#show(name, now);
  }

  #show(name: "stdout" | "stderr", bytes: Uint8Array): void {
    if (this.#done) return;
    this.#bytes += bytes.length;
    const kept = this.#record.output(bytes, name === "stderr");
    this.#streams.send(name, bytes);
    this.#ends.until("resource", kept);
  }

  #input(view: Buffer): void {
    this.#intake.add(view.length);
    this.#record.input(view);
    this.#typed?.typed(view);
    const now = this.#under.stdin.push(view);
    if (now) this.#streams.send("stdin", now);
  }

  /** JSON documents, one behind the other: `{"Width":80,"Height":24}`. */
  #resize(view: Buffer): void {
    this.#sizes += view.toString("latin1");
    for (let end = this.#sizes.indexOf("}"); end >= 0; end = this.#sizes.indexOf("}")) {
      const size = /^\s*\{"Width":(\d{1,5}),"Height":(\d{1,5})\}$/.exec(this.#sizes.slice(0, end + 1));
      if (!size) throw streamFault("the size of a terminal is told in no proper form");
      this.#sizes = this.#sizes.slice(end + 1);
      const [columns, rows] = [Number(size[1]), Number(size[2])];
      this.#record.resize(columns, rows);
      this.#streams.send("resize", Buffer.from(`${JSON.stringify({ Width: columns, Height: rows })}\n`));
    }
    if (this.#sizes.length > longestSize)
      throw streamFault("the size of a terminal is told in no proper form");
  }

  /** Behind all output: clients stop reading at it. Of a Status object, once it is whole. */
  #tellExit(whole: boolean): void {
    if (this.#error.length === 0 || this.#exit) return;
    const exit = exitOf(this.#error, this.status);
    if (!whole && exit.result === "unknown") return;
    this.#exit = exit;
    this.#under.stdout.flush();
    this.#under.stderr.flush();
    const now = this.#under.error.push(this.#error);
    if (now) this.#streams.send("error", now);
    this.#under.error.flush();
  }

  #leave(reason: Reason, session: string): void {
    const { body } = statusObject(500, reason, session);
    const status = Buffer.from(body.toString().trim());
    const text = `${reason.message} (${reason.code}, ${session})`;
    this.#streams.leave(this.status ? status : Buffer.from(`postern: ${text}`), text);
  }

  #over(): void {
    this.#done = true;
    this.#typed?.close();
    this.#record.over(this.#exit?.status);
    // What was kept back for a caller that is gone goes nowhere; the timers end.
    for (const stream of Object.values(this.#under)) stream.flush();
  }
}

const closingBrace = 125;

const failed: Reason = { code: "gateway.failed", message: "The gateway failed to carry this command." };

const binary = new PosternError(
  "answer.withheld",
  "A guardrail must see what this command prints, and it is not text.",
  { hint: "Print it as text in UTF-8, or ask the operator for a rule without a mask." },
);
