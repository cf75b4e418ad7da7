import type { Wire, WireSink } from "../../../core/plugin.ts";

/**
 * A connection between HTTP and what it turned into: what has arrived behind the last head is put back, and kept in
 * order with what still comes until somebody streams the wire.
 */
export class Handover implements WireSink {
  constructor(
    readonly wire: Wire,
    private unread: Buffer,
  ) {
    if (unread.length > 0) wire.putBack(unread);
    wire.resume();
  }

  data(view: Buffer): void {
    if (this.unread.length + view.length > limit) {
      this.wire.destroy();
      return;
    }
    void this.wire.read(this.unread.length);
    this.unread = Buffer.concat([this.unread, view]);
    this.wire.putBack(this.unread);
  }

  drain(): void {}
  close(): void {}
}

/** Bytes that may arrive before somebody streams the wire: a turn of the loop or two, not a transfer. */
const limit = 1024 * 1024;
