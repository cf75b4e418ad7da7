import type { Transform } from "node:stream";

/** Where bytes go on to. */
export interface Onward {
  /** The view is good until it returns. False: no more until `drained`. */
  data(view: Uint8Array): boolean;
  end(): void;
  failed(error: unknown): void;
  /** After `Through.data` returned false. */
  resume(): void;
}

/** Bytes through a coding, in order, no faster than either side takes them. */
export class Through {
  readonly #make: (first: number) => Transform;
  readonly #onward: Onward;
  readonly #mayGrow: (received: number, produced: number) => boolean;
  #stream: Transform | undefined;
  #received = 0;
  #produced = 0;
  #closed = false;

  /** `mayGrow`: whether so many bytes may become so many. */
  constructor(
    make: (first: number) => Transform,
    onward: Onward,
    mayGrow: (received: number, produced: number) => boolean,
  ) {
    this.#make = make;
    this.#onward = onward;
    this.#mayGrow = mayGrow;
  }

  data(view: Uint8Array): boolean {
    if (view.length === 0 || this.#closed) return true;
    this.#received += view.length;
    this.#stream ??= this.#opened(view[0] as number);
    return this.#stream.write(Buffer.from(view));
  }

  /** An empty body stays one, whatever its coding. */
  end(): void {
    if (this.#stream === undefined) this.#onward.end();
    else this.#stream.end();
  }

  /** What comes out is taken again. */
  drained(): void {
    this.#stream?.resume();
  }

  close(): void {
    this.#closed = true;
    this.#stream?.destroy();
  }

  #opened(first: number): Transform {
    const stream = this.#make(first);
    stream.on("data", (bytes: Buffer) => {
      if (this.#closed) return;
      this.#produced += bytes.length;
      if (!this.#mayGrow(this.#received, this.#produced)) this.#fail(undefined);
      else if (!this.#onward.data(bytes) && !this.#closed) stream.pause();
    });
    stream.on("drain", () => {
      if (!this.#closed) this.#onward.resume();
    });
    stream.on("end", () => {
      if (!this.#closed) this.#onward.end();
    });
    stream.on("error", (error) => this.#fail(error));
    return stream;
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#onward.failed(error);
  }
}
