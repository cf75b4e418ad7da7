import type { Recorded, Replay } from "../../../core/plugin.ts";
import { backend } from "../wire/message.ts";
import { errorFields, type ReportFields } from "../wire/report.ts";
import { type RowField, rowDescription } from "../wire/rows.ts";
import { commandTag, notification } from "../wire/session.ts";
import { MessageStream } from "./messages.ts";
import { Table } from "./table.ts";
import { visible, visibleLines } from "./value.ts";

/** Shows a recording as psql would have shown the session: what was asked, and what came back. */
export function replay(): Replay {
  const screen = new Screen();
  return { show: (event) => screen.show(event) };
}

class Screen {
  readonly #stream = new MessageStream();
  /** Described and not used yet: names the columns of the next result. */
  #fields: readonly RowField[] | undefined;
  #table: Table | undefined;
  #broken = false;
  /** What is copied out is in the binary format. */
  #binaryCopy = false;

  show(event: Recorded): string {
    if (event.kind === "event") return this.#event(event.name, event.data);
    if (this.#broken) return "";
    let shown = "";
    try {
      this.#stream.feed(event.bytes, (type, body, length) => {
        shown += body ? this.#message(type, body) : `(a message of ${length} bytes is not shown)\n`;
      });
    } catch {
      this.#broken = true;
      shown += "(what follows is not PostgreSQL's protocol and cannot be shown)\n";
    }
    return shown;
  }

  #event(name: string, data: unknown): string {
    if (name === "operation") return operation(data, "=> ");
    if (name === "cut") return "(no more of the answers was recorded)\n";
    return "";
  }

  #message(type: number, body: Buffer): string {
    const end = body.length;
    switch (type) {
      case backend.rowDescription:
        this.#fields = rowDescription(body, 0, end);
        return "";
      case backend.dataRow:
        this.#table ??= new Table(this.#fields);
        return this.#table.row(body);
      case backend.commandComplete:
        return this.#complete(commandTag(body, 0, end));
      case backend.portalSuspended:
        return `${this.#result()}(suspended)\n`;
      case backend.errorResponse:
        return `${this.#result()}${report(errorFields(body, 0, end))}`;
      case backend.noticeResponse:
        return report(errorFields(body, 0, end));
      case backend.notificationResponse: {
        const { channel, payload } = notification(body, 0, end);
        return `Notification "${visible(channel)}"${payload === "" ? "" : ` with payload "${visible(payload)}"`}\n`;
      }
      case backend.copyOutResponse:
        this.#binaryCopy = body[0] === 1;
        return "";
      case backend.copyData:
        if (this.#binaryCopy) return `(${end} bytes)\n`;
        return `${body.toString("utf8").replace(/\n$/, "").split("\t").map(visible).join("\t")}\n`;
      default:
        return "";
    }
  }

  /** Rows that a command returned end with their number, as in psql; others with the command's tag. */
  #complete(tag: string): string {
    if (this.#table === undefined && this.#fields !== undefined && tag.startsWith("SELECT")) {
      this.#table = new Table(this.#fields);
    }
    const result = this.#result();
    return tag.startsWith("SELECT") && result !== "" ? `${result}\n` : `${result}${visible(tag)}\n`;
  }

  #result(): string {
    const result = this.#table?.end() ?? "";
    this.#table = undefined;
    this.#fields = undefined;
    return result;
  }
}

/** The data of an `operation` event, as far as it is there: the recording may be older than this code. */
function operation(data: unknown, prompt: string): string {
  if (typeof data !== "object" || data === null) return "";
  const { text, parameters, batch } = data as { text?: unknown; parameters?: unknown; batch?: unknown };
  let shown = typeof text === "string" ? `${prompt}${visibleLines(text)}\n` : "";
  if (Array.isArray(parameters)) {
    for (const [index, value] of parameters.entries()) {
      shown += `   $${index + 1} = ${value === null ? "NULL" : `'${visible(String(value))}'`}\n`;
    }
  }
  if (Array.isArray(batch)) for (const one of batch) shown += operation(one, "   + ");
  return shown;
}

function report(fields: ReportFields): string {
  const { severity = "ERROR", code, message = "", detail, hint, where } = fields;
  const first = `${visible(severity)}:  ${code && severity !== "NOTICE" ? `${visible(code)}: ` : ""}${visibleLines(message)}\n`;
  const rest = [
    ["DETAIL", detail],
    ["HINT", hint],
    ["CONTEXT", where],
  ].map(([name, text]) => (text === undefined ? "" : `${name}:  ${visibleLines(text)}\n`));
  return first + rest.join("");
}
