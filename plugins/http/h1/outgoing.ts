import type { Wire } from "../../../core/plugin.ts";
import type { Fields } from "../message.ts";
import { atTurnEnd, type Flushable } from "../turn-end.ts";
import { lastChunk } from "./encode.ts";

/** How a body leaves: so many bytes, in chunks, up to the end of the connection, or not at all though one is told. */
export type Frame = number | "chunked" | "until-close" | "dropped";

/**
 * One message on its way out: a head, and its body in one write a piece. The head goes with the first piece where
 * that comes in the same turn of the loop, and alone at the end of the turn where it does not.
 */
export class Outgoing implements Flushable {
  /** The head has been handed to the wire. */
  flushed = false;
  #head: string;
  #left: number;

  constructor(
    readonly wire: Wire,
    head: string,
    readonly frame: Frame,
  ) {
    this.#head = head;
    this.#left = typeof frame === "number" ? frame : 0;
    atTurnEnd(this);
  }

  /** False: the wire holds some of it back. Past the length that was told nothing is sent: the wire is closed. */
  write(view: Uint8Array): boolean {
    if (this.frame === "dropped" || view.length === 0) return true;
    if (this.frame === "chunked") {
      const size = `${view.length.toString(16)}\r\n`;
      return this.#send(size, view, "\r\n");
    }
    if (typeof this.frame === "number") {
      if (view.length > this.#left) {
        this.wire.destroy();
        return true;
      }
      this.#left -= view.length;
    }
    return this.#send("", view, "");
  }

  /** False: it was not whole, and the wire is closed, so that the other side can tell. */
  end(trailers: Fields): boolean {
    if (this.#left > 0) {
      this.wire.destroy();
      return false;
    }
    if (this.frame === "chunked") this.#send(lastChunk(trailers), nothing, "");
    else this.flush();
    return true;
  }

  /** What has not been written never will be. */
  drop(): void {
    this.flushed = true;
  }

  flush(): void {
    if (!this.flushed) this.#send("", nothing, "");
  }

  #send(before: string, view: Uint8Array, after: string): boolean {
    const prefix = this.flushed ? before : this.#head + before;
    this.flushed = true;
    if (prefix === "" && after === "") return this.wire.write(view);
    const bytes = Buffer.allocUnsafe(prefix.length + view.length + after.length);
    bytes.write(prefix, 0, "latin1");
    if (view.length > 0) bytes.set(view, prefix.length);
    if (after !== "") bytes.write(after, prefix.length + view.length, "latin1");
    return this.wire.write(bytes);
  }
}

const nothing = new Uint8Array(0);
