import type { MediaType, Shape } from "./media.ts";
import { withheld } from "./withheld.ts";

/** Makes UTF-8 of a text, or sees that it is. Throws PosternError `answer.withheld`. */
export interface ToUtf8 {
  /** The caller must be told that it is UTF-8 now. */
  readonly changes: boolean;
  push(view: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

const utf8 = new Set(["utf-8", "utf8", "us-ascii", "ascii"]);

/** A text that does not say its own charset: browsers look for one in it. */
const saysInside = /^(?:text\/html|text\/xml|application\/xml|application\/xhtml\+xml)$/;

/** By the declared charset; UTF-8 where none is declared. */
export function toUtf8({ type, parameters }: MediaType, shape: Shape): ToUtf8 {
  const declared = parameters.get("charset")?.toLowerCase();
  const same = declared === undefined || utf8.has(declared);
  const decoder = decoderOf(same ? "utf-8" : declared);
  const checked = (view: Uint8Array | undefined): Uint8Array => {
    const text = decode(decoder, view);
    // In no text; and the sign of one that is in UTF-16 and does not say so.
    if (shape === "text" && text.includes("\0")) throw withheld("it says that it is text and is not");
    return same ? (view ?? nothing) : Buffer.from(text);
  };
  return {
    changes: !same || (declared === undefined && saysInside.test(type)),
    // Where a text is decoded as a whole, that checks it.
    push: same && shape !== "text" ? (view) => view : checked,
    end: () => checked(undefined),
  };
}

const nothing = new Uint8Array(0);

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true });
  } catch (cause) {
    throw withheld("it is in a charset that cannot be read", cause);
  }
}

function decode(decoder: TextDecoder, view: Uint8Array | undefined): string {
  try {
    return view === undefined ? decoder.decode() : decoder.decode(view, { stream: true });
  } catch (cause) {
    throw withheld("it is not in the charset that it says", cause);
  }
}
