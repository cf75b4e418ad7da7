import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { TableFacts } from "../catalogue.ts";
import { textsFor } from "./cache.ts";
import { classifyNew, type SqlStatement, unreadable } from "./classify.ts";
import { isSpoiled, readsAtOnce } from "./parse.ts";
import type { SessionSettings } from "./settings.ts";
import { isTooLong } from "./size.ts";
import { type Followed, fromTold, type Told } from "./told.ts";

/** Milliseconds for one text, from when the thread has it. */
const longestRead = 10_000;
/** Milliseconds after which a thread that nobody asks is ended, with the memory that its texts have taken. */
const idle = 10_000;

/** So many may go before one that came earlier: shorter ones without end would keep it waiting for good. */
const mostBefore = 16;

/** What the thread is asked. */
export interface ApartQuestion {
  readonly text: string;
  readonly settings: SessionSettings;
  /** Asked for the columns of its only statement: what the names of its relations mean. Absent: asked for all else. */
  readonly tables?: ReadonlyMap<string, readonly TableFacts[]>;
}

/** `spoiled`: the text has ended the thread's parser. */
export type ApartAnswer = { readonly told?: Told; readonly columns?: Followed } | "spoiled";

interface Job {
  readonly question: ApartQuestion;
  /** How many that came later were put before it. */
  before: number;
  /** undefined: the thread has none. */
  answer(answer: Exclude<ApartAnswer, "spoiled"> | undefined): void;
}

const waiting: Job[] = [];
let running: Job | undefined;
let thread: Worker | undefined;
let timer: NodeJS.Timeout | undefined;

/**
 * As `classify`; a Promise, which never rejects, of a long or deep text. That one is read in a thread, so that no other session
 * waits for it: a megabyte takes the better part of a second, and a text that is nested deep enough ends the parser.
 * One thread reads for all sessions of the process, one text at a time: the shortest first, though not before what has waited long.
 */
export function classifyApart(text: string, settings: SessionSettings): SqlStatement | Promise<SqlStatement> {
  const texts = textsFor(text, settings);
  const known = texts.statements.get(text);
  if (known !== undefined) return known;
  if (readsAtOnce(text) && !isSpoiled()) return classifyNew(text, settings, texts);
  if (isTooLong(text)) return unreadable(text, settings);
  return ask({ text, settings }).then((answer) => {
    if (answer?.told === undefined) return unreadable(text, settings);
    const follow = async (tables: ApartQuestion["tables"] & object) =>
      (await ask({ text, settings, tables }))?.columns;
    const statement = fromTold(text, answer.told, follow);
    texts.statements.set(text, statement);
    return statement;
  });
}

function ask(question: ApartQuestion): Promise<Exclude<ApartAnswer, "spoiled"> | undefined> {
  return new Promise((answer) => {
    const { length } = question.text;
    const at =
      1 + waiting.findLastIndex((job) => job.question.text.length <= length || job.before >= mostBefore);
    for (const job of waiting.slice(at)) job.before += 1;
    waiting.splice(at, 0, { question, before: 0, answer });
    next();
  });
}

function next(): void {
  if (running) return;
  clearTimeout(timer);
  running = waiting.shift();
  if (running) {
    thread ??= start();
    thread.postMessage(running.question);
    timer = setTimeout(end, longestRead);
  } else {
    timer = setTimeout(end, idle);
    timer.unref();
  }
}

function start(): Worker {
  const started = new Worker(join(import.meta.dir, "apart.thread.ts"), { smol: true } as WorkerOptions);
  started.unref();
  started.on("message", (answer: ApartAnswer) => {
    if (thread !== started) return;
    if (answer === "spoiled") end();
    else settle(answer);
  });
  const died = () => {
    if (thread === started) end();
  };
  started.on("error", died);
  started.on("exit", died);
  return started;
}

/** The thread goes, and what it was reading is not told. */
function end(): void {
  const ended = thread;
  thread = undefined;
  void ended?.terminate();
  settle(undefined);
}

function settle(answer: Exclude<ApartAnswer, "spoiled"> | undefined): void {
  const job = running;
  running = undefined;
  job?.answer(answer);
  if (job || waiting.length > 0) next();
}
