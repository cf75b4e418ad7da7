import type { Wire, WireSink } from "../../../../core/wire.ts";

/** The same wire, whose stream comes in pieces: `next` says how long each is. */
export function chunked(wire: Wire, next: () => number): Wire {
  return new Proxy(wire, {
    get(target, key) {
      if (key === "stream") {
        return (sink: WireSink) =>
          target.stream({
            ...{ drain: () => sink.drain(), close: () => sink.close() },
            data(view) {
              for (let at = 0; at < view.length; ) {
                const end = Math.min(view.length, at + next());
                sink.data(Buffer.from(view.subarray(at, end)));
                at = end;
              }
            },
          });
      }
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
