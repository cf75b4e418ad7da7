/** One key, or a run of text, of what a terminal sends. */
export type Key = { readonly key: "text" | "paste"; readonly text: string } | { readonly key: KeyName };

export type KeyName =
  | "enter"
  | "back"
  | "delete"
  | "left"
  | "right"
  | "home"
  | "end"
  | "up"
  | "down"
  | "kill"
  | "killEnd"
  | "killWord"
  | "clear"
  | "interrupt"
  | "endOfFile";

const single: Readonly<Record<string, KeyName>> = {
  "\r": "enter",
  "\n": "enter",
  "\x7f": "back",
  "\b": "back",
  "\x01": "home",
  "\x05": "end",
  "\x02": "left",
  "\x06": "right",
  "\x10": "up",
  "\x0e": "down",
  "\x15": "kill",
  "\x0b": "killEnd",
  "\x17": "killWord",
  "\x0c": "clear",
  "\x03": "interrupt",
  "\x04": "endOfFile",
};

const sequences: Readonly<Record<string, KeyName>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  "1~": "home",
  "4~": "end",
  "7~": "home",
  "8~": "end",
  "3~": "delete",
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const sequence = /^\x1b(?:[[O]([0-9;]*[A-Za-z~])|[^[O])/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const control = /[\x00-\x1f\x7f]/;
const pasteBegin = "\x1b[200~";
const pasteEnd = "\x1b[201~";
/** Characters of one paste, and of a sequence that has not come whole. */
const longest = 65_536;

/** The keys in what arrives, also where one comes in pieces. What is no key that is known is no key. */
export class Keys {
  readonly #decoder = new TextDecoder();
  #rest = "";

  *read(bytes: Uint8Array): Generator<Key> {
    let text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    this.#rest = "";
    while (text !== "") {
      if (text.startsWith(pasteBegin)) {
        const end = text.indexOf(pasteEnd);
        if (end < 0) return this.#keep(text);
        yield { key: "paste", text: plain(text.slice(pasteBegin.length, end)) };
        text = text.slice(end + pasteEnd.length);
      } else if (text[0] === "\x1b") {
        const match = sequence.exec(text);
        if (!match) return this.#keep(text);
        const key = sequences[match[1] ?? ""];
        if (key) yield { key };
        text = text.slice(match[0].length);
      } else {
        const at = text.search(control);
        if (at === 0) {
          const key = single[text[0] as string];
          if (key) yield { key };
          text = text.slice(1);
        } else {
          const run = at < 0 ? text : text.slice(0, at);
          yield { key: "text", text: run };
          text = text.slice(run.length);
        }
      }
    }
  }

  #keep(text: string): void {
    if (text.length <= longest) this.#rest = text;
  }
}

/** What is pasted is text, whatever it holds. */
function plain(text: string): string {
  const lines = text.replaceAll(/\r\n?/g, "\n").replaceAll("\t", " ").split("\n");
  return lines.map((line) => line.split(control).join("")).join("\n");
}
