import type { Wire } from "../../../core/plugin.ts";

/** Bytes both ways until either side is done; a slow reader slows its writer. */
export function splice(one: Wire, other: Wire): Promise<void> {
  return new Promise((resolve) => {
    const half = (from: Wire, to: Wire) => {
      from.stream({
        data(view) {
          if (!to.write(view)) from.pause();
        },
        drain: () => to.resume(),
        close: () => resolve(),
      });
    };
    half(one, other);
    half(other, one);
  });
}
