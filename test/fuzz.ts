import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * How fuzzers are run. POSTERN_SEED is the first seed (1), POSTERN_RUNS how many; without it a sample, and twenty
 * times as many in `npm run test:long`. What once failed lies in test/fixtures/corpus and is tried first.
 */
const firstSeed = Number(process.env.POSTERN_SEED ?? 1);
const asked = process.env.POSTERN_RUNS === undefined ? undefined : Number(process.env.POSTERN_RUNS);
const longer = process.env.POSTERN_LONG ? 20 : 1;

/** For fast-check. */
export function sampled(runs: number): { readonly seed: number; readonly numRuns: number } {
  return { seed: firstSeed, numRuns: asked ?? runs * longer };
}

/** Seeds, one a run. */
export function* seeds(runs: number): Generator<number> {
  const { seed, numRuns } = sampled(runs);
  for (let next = seed; next < seed + numRuns; next++) yield next;
}

const folder = join(import.meta.dir, "fixtures/corpus");

/**
 * The inputs of one fuzzer that are always tried, by file name: hexadecimal digits, each line a chunk as it
 * arrives; what stands behind `#` says what it is.
 */
export function corpus(fuzzer: string): readonly (readonly [name: string, chunks: readonly Buffer[]])[] {
  const inputs = join(folder, fuzzer);
  if (!existsSync(inputs)) return [];
  return readdirSync(inputs)
    .sort()
    .map((name) => {
      const lines = readFileSync(join(inputs, name), "utf8").split("\n");
      const digits = lines.map((line) => line.replace(/#.*/, "").replaceAll(/\s/g, ""));
      return [name, digits.filter((line) => line !== "").map((line) => Buffer.from(line, "hex"))];
    });
}

/** An input as a file of the corpus has it. */
export function asCorpus(about: string, chunks: readonly Uint8Array[]): string {
  return [`# ${about}`, ...chunks.map((chunk) => Buffer.from(chunk).toString("hex")), ""].join("\n");
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** From 0 up to `below`. */
  upTo(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }
  chance(percent: number): boolean {
    return this.upTo(100) < percent;
  }
  of<T>(items: readonly [T, ...T[]]): T {
    return items[this.upTo(items.length)] as T;
  }
  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.upTo(256)));
  }
}

/** The same bytes with a few of them flipped, cut off, doubled, put in, or read as another number. */
export function mutated(random: Random, bytes: Uint8Array): Buffer {
  let now = Buffer.from(bytes);
  for (let times = 1 + random.upTo(3); times > 0; times--) {
    const at = random.upTo(now.length + 1);
    const end = Math.min(now.length, at + random.upTo(16));
    switch (random.upTo(6)) {
      case 0:
        if (at < now.length) now[at] = (now[at] as number) ^ (1 << random.upTo(8));
        break;
      case 1:
        now = now.subarray(0, at);
        break;
      case 2:
        now = Buffer.concat([now.subarray(0, end), now.subarray(at)]);
        break;
      case 3:
        now = Buffer.concat([now.subarray(0, at), now.subarray(end)]);
        break;
      case 4:
        now = Buffer.concat([now.subarray(0, at), random.bytes(random.upTo(12)), now.subarray(at)]);
        break;
      default:
        if (at + 4 <= now.length) now.writeInt32BE(telling[random.upTo(telling.length)] as number, at);
    }
  }
  return Buffer.from(now);
}

/** Lengths and counts that are read wrongly more often than others. */
const telling = [0, 1, 3, 4, 5, -1, -2, 0x7fffffff, -0x80000000, 0x00010000, 0x0000ffff, 0x40000000];
