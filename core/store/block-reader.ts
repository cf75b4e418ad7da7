import { and, eq } from "drizzle-orm";
import { hashBytes } from "../trail/chain.ts";
import type { Written } from "../trail/entry.ts";
import type { Glance } from "../trail/glance.ts";
import { follow, parseBody } from "../trail/read.ts";
import { type BlockRef, sessionsOf } from "./blocks.ts";
import type { IndexDatabase } from "./open.ts";
import type { AuditEntry } from "./query.ts";
import { verdicts } from "./row.ts";
import { blocks } from "./schema.ts";
import { compare, type Wanted } from "./wanted.ts";

interface Owner {
  readonly subject: string | null;
  readonly resource: string | null;
}

/** One that fits by its first words: parsed only where it may be among those that are wanted. */
interface Candidate {
  readonly seq: number;
  readonly time: number;
  readonly owner: Owner;
  readonly payload: Buffer;
}

/** Reads out of the segments what a search wants of a block. The chain is checked on the way, from the hash in the index. */
export class BlockReader {
  readonly #text: RegExp | undefined;
  /** The same as JSON has it: few entries need to be parsed to know. */
  readonly #written: RegExp | undefined;

  constructor(
    readonly database: IndexDatabase,
    readonly dataDir: string,
    readonly wanted: Wanted,
  ) {
    const { text } = wanted.filter;
    if (text === undefined) return;
    this.#text = inAnyCase(text);
    this.#written = inAnyCase(JSON.stringify(text).slice(1, -1));
  }

  /** The first that are wanted, in order. `whole`: false where the segments are not what was indexed. */
  async read(ref: BlockRef): Promise<{ readonly found: AuditEntry[]; readonly whole: boolean }> {
    const { candidates, whole } = await this.#candidates(ref);
    const sign = this.wanted.first === "newest" ? -1 : 1;
    const { stream } = ref;
    candidates.sort((a, b) => sign * compare({ stream, ...a }, { stream, ...b }));
    const found: AuditEntry[] = [];
    let readable = whole;
    for (const { owner, payload } of candidates) {
      if (found.length >= this.wanted.most) break;
      const entry = parseBody(payload);
      if (!entry) readable = false;
      else if (this.#fits(entry)) found.push(asFound(stream, entry, owner));
    }
    return { found, whole: readable };
  }

  async #candidates(ref: BlockRef): Promise<{ readonly candidates: Candidate[]; readonly whole: boolean }> {
    const { database, dataDir, wanted } = this;
    const { stream, first, last } = ref;
    const [[block], of] = await database.batch([
      database
        .select({ position: blocks.position })
        .from(blocks)
        .where(and(eq(blocks.stream, stream), eq(blocks.first, first))),
      sessionsOf(database, ref, wanted.filter),
    ]);
    // A rebuild has begun since.
    if (!block) return { candidates: [], whole: true };
    const owners = new Map<string, Owner>(of.map(({ session, ...owner }) => [session, owner]));
    const candidates: Candidate[] = [];
    const reader = follow(dataDir, stream, block.position);
    let read = 0;
    while (read < last) {
      const glance = reader.glance();
      if (!glance) break;
      const { seq, time, kind, session } = glance;
      read = seq;
      const owner = kind && owners.get(session);
      if (!owner || !this.#may(stream, glance)) continue;
      const { payload } = reader;
      if (this.#written && !this.#written.test(payload.toString("utf8", hashBytes))) continue;
      candidates.push({ seq, time, owner, payload: Buffer.from(payload) });
    }
    reader.close();
    return { candidates, whole: read >= last };
  }

  #may(stream: string, { kind, time, seq }: Glance): boolean {
    const { filter, after, first } = this.wanted;
    if (kind === undefined || (filter.kind && !filter.kind.includes(kind))) return false;
    if (filter.text !== undefined && kind !== "operation") return false;
    if (filter.since !== undefined && time < filter.since) return false;
    if (filter.until !== undefined && time >= filter.until) return false;
    if (after === undefined) return true;
    return first === "newest"
      ? compare({ stream, seq, time }, after) < 0
      : compare({ stream, seq, time }, after) > 0;
  }

  #fits(entry: Written): boolean {
    return this.#text === undefined || (entry.kind === "operation" && this.#text.test(entry.text));
  }
}

function inAnyCase(text: string): RegExp {
  return new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`), "i");
}

function asFound(stream: string, entry: Written, { subject, resource }: Owner): AuditEntry {
  const verdict = verdicts[entry.kind];
  return {
    stream,
    ...(subject === null ? {} : { identity: subject }),
    ...(resource === null ? {} : { resource }),
    ...(verdict === undefined ? {} : { verdict }),
    entry,
  };
}
