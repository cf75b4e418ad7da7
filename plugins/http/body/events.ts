import type { Answer } from "../../../core/plugin.ts";
import { isJson, shownJson, utf8 } from "./document.ts";
import { Held } from "./held.ts";
import type { Emit, Inspector } from "./inspector.ts";
import { shownText } from "./text.ts";

/**
 * Server-sent events (HTML standard, 9.2). Each leaves with its blank line. One in which nothing is changed stays to
 * the byte; in one that is, the data come where their first line was.
 */
export class Events implements Inspector {
  readonly #held: Held;
  readonly #type: string;
  readonly #answer: Answer;
  /** Bytes of the line so far. */
  #line = 0;
  /** The last byte was a carriage return: a line feed now belongs to it. */
  #returned = false;
  #first = true;

  constructor(frame: number, type: string, answer: Answer) {
    this.#held = new Held(frame);
    this.#type = type;
    this.#answer = answer;
  }

  push(view: Uint8Array, emit: Emit): void {
    let from = 0;
    for (let at = 0; at < view.length; at++) {
      const byte = view[at] as number;
      const pair = byte === 10 && this.#returned;
      this.#returned = byte === 13;
      if (byte !== 10 && byte !== 13) {
        this.#line++;
        continue;
      }
      const blank = this.#line === 0 && !pair;
      this.#line = 0;
      // The line feed of an event that has left already.
      const late = pair && at === from && this.#held.length === 0;
      if (!blank && !late) continue;
      let end = at + 1;
      if (byte === 13 && view[end] === 10) {
        end++;
        at++;
        this.#returned = false;
      }
      this.#leave(view.subarray(from, end), emit);
      from = end;
    }
    this.#held.add(view.subarray(from));
  }

  /** Clients drop an event without its blank line, mostly. */
  end(emit: Emit): void {
    if (this.#held.length > 0) this.#leave(new Uint8Array(0), emit);
  }

  #leave(rest: Uint8Array, emit: Emit): void {
    if (this.#held.length === 0) return emit(this.#shown(rest));
    this.#held.add(rest);
    emit(this.#shown(this.#held.bytes));
    this.#held.clear();
  }

  #shown(event: Uint8Array): Uint8Array {
    const text = utf8(event);
    const mark = this.#first && text.startsWith("\ufeff") ? "\ufeff" : "";
    this.#first = false;
    const lines = text.slice(mark.length).match(/[^\r\n]*(?:\r\n|\r|\n|$)/g) ?? [];
    const data: string[] = [];
    let changed = false;
    const shown = lines.map((line) => {
      const [, value] = /^data(?:: ?([^\r\n]*))?(?=[\r\n]|$)/.exec(line) ?? [undefined, undefined];
      if (value !== undefined || /^data(?=[\r\n]|$)/.test(line)) {
        data.push(value ?? "");
        return undefined;
      }
      const other = this.#other(line);
      changed ||= other !== line;
      return other;
    });
    const before = data.join("\n");
    const after = before === "" ? before : this.#data(before);
    if (after === before && !changed) return event;
    if (after !== before) {
      const at = shown.indexOf(undefined);
      const end = /(?:\r\n|\r|\n|)$/.exec(lines[at] ?? "\n")?.[0] || "\n";
      shown[at] = after
        .split(/\r\n|\r|\n/)
        .map((line) => `data: ${line}${end}`)
        .join("");
      return Buffer.from(mark + shown.map((line) => line ?? "").join(""));
    }
    return Buffer.from(mark + shown.map((line, index) => line ?? lines[index]).join(""));
  }

  /** Comments, names, ids. */
  #other(line: string): string {
    if (/^(?:retry: ?\d{0,9})?[\r\n]*$/.test(line)) return line;
    const [text = ""] = /^[^\r\n]*/.exec(line) ?? [];
    const shown = shownText(this.#answer, "body.line", text);
    return shown === text ? line : shown.replaceAll(/[\r\n]/g, "") + line.slice(text.length);
  }

  #data(data: string): string {
    if (this.#answer.document && isJson(data)) return shownJson(data, this.#type, this.#answer) ?? data;
    return shownText(this.#answer, "body", data);
  }
}
