import { ESC, sequenceEnd } from "../../escape.ts";

/** Finals of CSI sequences that only move the cursor, erase, scroll or colour. */
const harmless = new Set("@ABCDEFGHIJKLMPSTXZ`abdefgmrsu");
/** DEC private modes that change the screen and ask nothing of the keyboard: cursor, wrapping, alternate screen. */
const modes = new Set(["1", "3", "5", "6", "7", "12", "25", "47", "1047", "1048", "1049", "2026"]);
/** ESC and one byte: save, restore, line feeds, a tab stop. */
const short = new Set("78DEHM");
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const unwanted = /[\x00-\x06\x0e-\x1f\x7f\u0080-\u009f]/g;
/** Of sequences without their ESC. */
const csi = /^\[([<=>?]?)([0-9;:]*)([ -/]*)(.)$/s;
const charset = /^[()*+][0-9A-Z]$|^#8$/;
/** A sequence that is still without its end after so much is no sequence. */
const longest = 65_536;

/**
 * One terminal's output as another terminal may show it: what moves and colours stays. What asks the viewer's
 * terminal for an answer (which it would type into the viewer's shell), writes its clipboard or its title, prints,
 * or changes its keyboard and mouse is left out.
 */
export class Screen {
  #rest = "";

  show(text: string): string {
    const bytes = Buffer.from(this.#rest + text);
    this.#rest = "";
    let shown = "";
    let at = 0;
    while (at < bytes.length) {
      const next = bytes.indexOf(ESC, at);
      const plain = next < 0 ? bytes.length : next;
      shown += bytes.toString("utf8", at, plain).replace(unwanted, "");
      if (next < 0) break;
      const end = sequenceEnd(bytes, next);
      if (end === undefined) {
        if (bytes.length - next < longest) this.#rest = bytes.toString("utf8", next);
        break;
      }
      const sequence = bytes.toString("utf8", next + 1, end);
      if (isHarmless(sequence)) shown += `\x1b${sequence}`;
      at = end;
    }
    return shown;
  }
}

function isHarmless(sequence: string): boolean {
  const match = csi.exec(sequence);
  if (!match) return short.has(sequence) || charset.test(sequence);
  const [, prefix = "", parameters = "", between = "", final = ""] = match;
  if (final === "h" || final === "l") {
    return prefix === "?" ? parameters.split(";").every((mode) => modes.has(mode)) : prefix === "";
  }
  if (prefix !== "" || between !== "") return false;
  return harmless.has(final) && !(final === "T" && parameters.includes(";"));
}
