import type { ChainEnd } from "./chain-end.ts";
import { type LogWords, placeWords } from "./control.ts";

const [seqWord, segmentWord, offsetWord, hashWord] = [0, 1, 2, 3];

/** Tells the writer how far the chain is made. Two places take turns: what is read is never what is written. */
export function tellEnd(words: Int32Array, at: LogWords, end: ChainEnd): void {
  const turn = Atomics.load(words, at.linked) + 1;
  const place = placeOf(at, turn);
  const hash = new Int32Array(end.hash.buffer);
  Atomics.store(words, place + seqWord, end.seq | 0);
  Atomics.store(words, place + segmentWord, end.segment);
  Atomics.store(words, place + offsetWord, end.offset);
  for (let word = 0; word < hash.length; word++) Atomics.store(words, place + hashWord + word, hash[word]!);
  Atomics.store(words, at.linked, turn);
}

/** Takes over the end that the recorder told of last, where it is further than this one. */
export function takeEnd(words: Int32Array, at: LogWords, end: ChainEnd): void {
  const hash = new Int32Array(end.hash.length >> 2);
  for (;;) {
    const turn = Atomics.load(words, at.linked);
    const place = placeOf(at, turn);
    const gained = (Atomics.load(words, place + seqWord) - end.seq) | 0;
    const segment = Atomics.load(words, place + segmentWord);
    // The same entry may be told of behind its segment: what that left is staged over before long.
    if (gained < 0 || (gained === 0 && segment <= end.segment)) return;
    const offset = Atomics.load(words, place + offsetWord);
    for (let word = 0; word < hash.length; word++) hash[word] = Atomics.load(words, place + hashWord + word);
    // The recorder has told of another one since, and may be writing over this.
    if (Atomics.load(words, at.linked) !== turn) continue;
    return end.take(end.seq + gained, segment, offset, new Uint8Array(hash.buffer));
  }
}

function placeOf(at: LogWords, turn: number): number {
  return at.linked + 1 + (turn & 1) * placeWords;
}
