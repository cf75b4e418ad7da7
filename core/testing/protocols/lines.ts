import type { Examination } from "../../finding.ts";
import type { Gate, Pass } from "../../gate.ts";
import type { Effect, Statement } from "../../operation.ts";
import type { ConnectionProtocol, Link, Resource } from "../../protocol.ts";
import { connectWire } from "../../socket.ts";
import type { Wire } from "../../wire.ts";
import { greeted } from "./greeting.ts";
import { type LineStream, lineStream } from "./line-stream.ts";

interface LinesConfig {
  readonly port: number;
  /** What it can find out about what is held. */
  readonly examination?: Examination;
}

/**
 * A test protocol without frames: `EFFECT TARGET …` a line, answered by lines up to a lone `.`. A
 * `write` turns the direction: after `go` the caller sends lines up to `.`. Lines that begin with `!`
 * arrive unasked. `cancel` withdraws what is held.
 */
export function lines(config: LinesConfig): Resource<LinesConfig, "operation" | "text" | "stream" | "wire"> {
  return { protocol: linesProtocol, config };
}

export const linesProtocol: ConnectionProtocol<LinesConfig, "operation" | "text" | "stream" | "wire"> = {
  name: "lines",
  emits: ["operation", "text", "stream", "wire"],
  accept: greeted,
  async dial(permit) {
    return { wire: await connectWire({ host: "127.0.0.1", port: permit.config.port, timeout: 1_000 }) };
  },
  relay: (link) => new LinesRelay(link).run(),
  refuse(caller, reason) {
    caller.write(Buffer.from(`error ${reason.code} ${reason.message}\n`));
  },
  async classify(text) {
    return statementOf(text).actions;
  },
};

function statementOf(text: string): Statement {
  const [effect = "", on = "*"] = text.split(" ");
  const known = ["read", "write", "delete", "define"].includes(effect) ? (effect as Effect) : "unknown";
  return { text, actions: [{ effect: known, on }] };
}

class LinesRelay {
  readonly #caller: Wire;
  readonly #resource: Wire;
  readonly #gate: Gate;
  readonly #examination: Examination | undefined;

  constructor(link: Link<LinesConfig>) {
    this.#examination = link.config.examination;
    this.#caller = link.caller;
    this.#resource = link.resource;
    this.#gate = link.gate;
  }

  async run(): Promise<void> {
    this.#say(`welcome ${this.#gate.session.id}`);
    const asked = lineStream(this.#caller);
    const answers = lineStream(this.#resource);
    const over = new Promise<undefined>((resolve) => {
      asked.ended.then(() => resolve(undefined));
      answers.ended.then(() => resolve(undefined));
      this.#gate.signal.addEventListener("abort", () => {
        this.#say(`goodbye ${this.#gate.signal.reason.code}`);
        resolve(undefined);
      });
    });
    for (;;) {
      const line = await Promise.race([asked.next(), over]);
      if (line === undefined) return;
      const pass = await this.#admit(line, asked, over);
      if (pass && !(await this.#carry(line, pass, asked, answers, over))) return;
    }
  }

  async #admit(line: string, asked: LineStream, over: Promise<undefined>): Promise<Pass | undefined> {
    const examination = this.#examination;
    const answer = await this.#gate.begin(this.#gate.plan(statementOf(line)), {
      inTransaction: false,
      ...(examination ? { examination: () => examination } : {}),
      held: (hold) => {
        this.#say(`held ${hold.id} ${hold.notice}`);
        over.then(() => hold.withdraw("abandoned"));
        asked.next().then((next) => next === "cancel" && hold.withdraw("cancelled"));
      },
    });
    if (!("deny" in answer)) return answer;
    this.#say(`error ${answer.deny.code} ${answer.deny.message}`);
    return undefined;
  }

  async #carry(
    line: string,
    pass: Pass,
    asked: LineStream,
    answers: LineStream,
    over: Promise<undefined>,
  ): Promise<boolean> {
    this.#resource.write(Buffer.from(`${line}\n`));
    for (;;) {
      const answer = await Promise.race([answers.next(), over]);
      if (answer === undefined) {
        pass.end({ result: "unknown" });
        return false;
      }
      await pass.ready();
      if (answer.startsWith("!")) {
        this.#say(this.#gate.unasked()?.text?.("notice", answer) ?? answer);
        continue;
      }
      this.#say(pass.answer?.text?.("log", answer) ?? answer);
      if (answer === "go") await this.#turn(asked);
      if (answer === ".") {
        pass.end({ result: "ok" });
        return true;
      }
    }
  }

  /** The caller's data, line by line, up to a lone `.`. */
  async #turn(asked: LineStream): Promise<void> {
    for (;;) {
      const line = await asked.next();
      if (line === undefined) return;
      this.#resource.write(Buffer.from(`${line}\n`));
      if (line === ".") return;
    }
  }

  #say(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    this.#caller.write(bytes);
    this.#gate.passed(bytes);
  }
}
