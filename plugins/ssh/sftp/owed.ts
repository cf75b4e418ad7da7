import type { ChannelEvent, Pass } from "../../../core/plugin.ts";
import { Malformed } from "../keys/fields.ts";
import { masked } from "./masked.ts";
import { bodyAt, type Message, statuses, statusOf, types } from "./message.ts";
import type { OpenFile } from "./open-file.ts";

/** A request that the host has not answered. */
export interface Owed {
  /** A strict trail may have to be waited for before the answer leaves. */
  readonly pass?: Pass | undefined;
  /** What the caller gets; undefined: it was the gateway's own. Throws Malformed. */
  answered(answer: Message): readonly Buffer[] | undefined;
  /** There will be no answer. */
  abandoned(): void;
}

export type Note = (event: ChannelEvent) => void;

/** A request that is answered and over. */
export class OwedOperation implements Owed {
  constructor(
    readonly pass: Pass,
    readonly done: (ok: boolean) => void = () => {},
  ) {}

  answered(answer: Message): readonly Buffer[] {
    const code = answer.type === types.status ? statusOf(answer) : statuses.ok;
    const ok = code === statuses.ok;
    this.pass.end({ result: ok ? "ok" : "error", ...(ok ? {} : { code: String(code) }) });
    this.done(ok);
    return masked(answer, this.pass.answer);
  }

  abandoned(): void {
    this.pass.end({ result: "unknown" });
  }
}

/** An OPEN or OPENDIR: its operation goes on with the handle. */
export class OwedHandle implements Owed {
  constructor(
    readonly file: OpenFile,
    readonly opened: (handle: string) => void,
  ) {}

  get pass(): Pass {
    return this.file.pass;
  }

  answered(answer: Message): readonly Buffer[] {
    if (answer.type === types.handle) this.opened(handleAt(answer));
    else this.file.over("error", String(statusOf(answer)));
    return masked(answer, this.pass.answer);
  }

  abandoned(): void {
    this.file.over("unknown");
  }
}

/** What is done with an open handle, other than READ, WRITE and CLOSE. */
export class OwedUse implements Owed {
  constructor(readonly file: OpenFile | undefined) {}

  get pass(): Pass | undefined {
    return this.file?.pass;
  }

  answered(answer: Message): readonly Buffer[] {
    return masked(answer, this.pass?.answer);
  }

  abandoned(): void {}
}

export class OwedRead extends OwedUse {
  constructor(
    override readonly file: OpenFile,
    readonly offset: number,
  ) {
    super(file);
  }

  override answered(answer: Message): readonly Buffer[] {
    if (answer.type !== types.data) return super.answered(answer);
    const length = answer.length - bodyAt - 4;
    if (length < 0 || answer.bytes.readUInt32BE(bodyAt) !== length) throw new Malformed("a DATA is none");
    this.file.read.add(this.offset, answer.pieces, bodyAt + 4, length);
    return answer.pieces;
  }
}

export class OwedWrite extends OwedUse {
  constructor(override readonly file: OpenFile) {
    super(file);
  }

  override answered(answer: Message): readonly Buffer[] {
    if (statusOf(answer) !== statuses.ok) this.file.written.broken();
    return super.answered(answer);
  }
}

export class OwedClose extends OwedUse {
  constructor(
    override readonly file: OpenFile,
    readonly note: Note,
  ) {
    super(file);
  }

  override answered(answer: Message): readonly Buffer[] {
    const code = statusOf(answer);
    const ok = code === statuses.ok;
    // A host that reports a failed write at the end has taken the rest all the same.
    for (const event of this.file.over(ok ? "ok" : "unknown", ok ? undefined : String(code)))
      this.note(event);
    return super.answered(answer);
  }

  override abandoned(): void {
    for (const event of this.file.over("unknown")) this.note(event);
  }
}

/** The key of a handle in a message that has one first. Throws Malformed. */
export function handleAt({ bytes }: Message): string {
  if (bytes.length < bodyAt + 4) throw new Malformed("a handle is missing");
  const length = bytes.readUInt32BE(bodyAt);
  const end = bodyAt + 4 + length;
  if (length > 256 || end > bytes.length) throw new Malformed("a handle is too long");
  return bytes.latin1Slice(bodyAt + 4, end);
}
