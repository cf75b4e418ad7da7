import type { Wire, WireSink } from "../../../core/plugin.ts";

/**
 * A connection between HTTP and what it turned into: what has arrived behind the last head is put back, and kept in
 * order with what still comes until somebody streams the wire. Until then, only what is `unread` can be read.
 */
export class Handover implements WireSink {
  #kept: Buffer = Buffer.alloc(0);

  private constructor(readonly wire: Wire) {}

  static of(wire: Wire, unread: Buffer): Wire {
    const handover = new Handover(wire);
    wire.stream(handover);
    if (unread.length > 0) handover.data(unread);
    wire.resume();
    return wire;
  }

  data(view: Buffer): void {
    // Somebody may have read a part of it by now.
    const { unread } = this.wire;
    if (unread + view.length > limit) {
      this.wire.destroy();
      return;
    }
    if (unread > 0) void this.wire.read(unread);
    this.#kept = Buffer.concat([this.#kept.subarray(this.#kept.length - unread), view]);
    this.wire.putBack(this.#kept);
  }

  drain(): void {}
  close(): void {}
}

/** Bytes that may arrive before somebody streams the wire: a turn of the loop or two, not a transfer. */
const limit = 1024 * 1024;
