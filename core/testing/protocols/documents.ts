import type { Gate } from "../../gate.ts";
import type { Effect } from "../../operation.ts";
import type { ConnectionProtocol, Link, Resource } from "../../protocol.ts";
import { connectWire } from "../../socket.ts";
import type { Wire } from "../../wire.ts";
import { greeted } from "./greeting.ts";
import { lineStream } from "./line-stream.ts";

interface DocumentsConfig {
  readonly port: number;
}

interface Ask {
  readonly effect: Effect;
  readonly on: string;
}

/** A test protocol of JSON documents, one a line each way: `{ effect, on }` is answered by any document. */
export function documents(
  config: DocumentsConfig,
): Resource<DocumentsConfig, "operation" | "document" | "wire"> {
  return { protocol: documentsProtocol, config };
}

export const documentsProtocol: ConnectionProtocol<DocumentsConfig, "operation" | "document" | "wire"> = {
  name: "documents",
  emits: ["operation", "document", "wire"],
  accept: greeted,
  async dial(permit) {
    return { wire: await connectWire({ host: "127.0.0.1", port: permit.config.port, timeout: 1_000 }) };
  },
  async relay(link: Link<DocumentsConfig>) {
    const { caller, resource, gate } = link;
    say(caller, gate, { welcome: gate.session.id });
    const asked = lineStream(caller);
    const answers = lineStream(resource);
    const ended = new Promise<undefined>((resolve) => {
      gate.signal.addEventListener("abort", () => {
        say(caller, gate, { goodbye: gate.signal.reason });
        resolve(undefined);
      });
      answers.ended.then(() => resolve(undefined));
    });
    for (;;) {
      const line = await Promise.race([asked.next(), ended]);
      if (line === undefined) return;
      const plan = gate.plan({ text: line, actions: [actionOf(line)] });
      const pass = await gate.begin(plan, {
        inTransaction: false,
        held: (hold) => {
          say(caller, gate, { held: hold.id });
          Promise.race([asked.ended, ended]).then(() => hold.withdraw("abandoned"));
        },
      });
      if ("deny" in pass) {
        say(caller, gate, { error: pass.deny });
        continue;
      }
      resource.write(Buffer.from(`${line}\n`));
      const answer = await Promise.race([answers.next(), ended]);
      if (answer === undefined) return pass.end({ result: "unknown" });
      await pass.ready();
      const value: unknown = JSON.parse(answer);
      say(caller, gate, pass.answer?.document ? pass.answer.document("application/json", value) : value);
      pass.end({ result: "ok" });
    }
  },
  refuse(caller, reason) {
    caller.write(Buffer.from(`${JSON.stringify({ error: reason })}\n`));
  },
};

function actionOf(line: string): Ask {
  try {
    const ask = JSON.parse(line) as Partial<Ask>;
    if (typeof ask.effect === "string" && typeof ask.on === "string")
      return { effect: ask.effect, on: ask.on };
  } catch {
    // Not JSON: what it would do cannot be told.
  }
  return { effect: "unknown", on: "*" };
}

function say(caller: Wire, gate: Gate, value: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  caller.write(bytes);
  gate.passed(bytes);
}
