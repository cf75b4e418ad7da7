import type { Wire } from "../../wire.ts";

/** The lines of a wire, one at a time and in order; undefined at its end. */
export interface LineStream {
  next(): Promise<string | undefined>;
  /** Resolves at end of file, also while nobody asks for a line. */
  readonly ended: Promise<void>;
}

export function lineStream(wire: Wire): LineStream {
  const lines: string[] = [];
  let rest = "";
  let over = false;
  let waiting: ((line: string | undefined) => void) | undefined;
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  wire.stream({
    data(view) {
      const parts = (rest + view.toString("utf8")).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      const ready = waiting;
      if (!ready || lines.length === 0) return;
      waiting = undefined;
      ready(lines.shift());
    },
    drain() {},
    close() {
      over = true;
      waiting?.(undefined);
      end();
    },
  });
  return {
    ended,
    next() {
      if (lines.length > 0) return Promise.resolve(lines.shift());
      if (over) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        waiting = resolve;
      });
    },
  };
}

/** One line before `wire.stream` is called, byte by byte: for greetings. */
export async function readLine(wire: Wire): Promise<string> {
  let line = "";
  for (;;) {
    const byte = (await wire.read(1)).toString("latin1");
    if (byte === "\n") return line;
    line += byte;
  }
}
