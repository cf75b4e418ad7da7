import { Random } from "../../fuzz.ts";
import type { Attack, Message } from "./attack.ts";
import { spellings } from "./spellings.ts";
import { tokens } from "./tokens.ts";
import { textOf, withTexts } from "./trial.ts";

/** A case that is the child of another. */
export interface Mutant {
  readonly attack: Attack;
  readonly of: Attack;
  /** Bytes a write, where it is sent in pieces. */
  readonly piece?: number;
  /** The server reads what it read before, so the verdict and the rows must be the same; otherwise only the witness counts. */
  readonly keeps: boolean;
}

/** A whole message as other messages, or as one that is nested in another. */
type Form = (text: string, random: Random) => readonly Message[] | undefined;

const forms: Readonly<Record<string, Form>> = {
  "empty statements": (text) => (isOne(text) ? [`;;${text};`] : undefined),
  extended: (text, random) => {
    if (!isOne(text)) return undefined;
    const name = random.of(["", "m", 'm"m', "M 1"]);
    return [
      { parse: text, name },
      { bind: name },
      { describe: "P", name: "" },
      { execute: "" },
      { sync: true },
    ];
  },
  prepared: (text) =>
    isOne(text) && plans.test(text) ? [`prepare mutant as ${text}`, "execute mutant"] : undefined,
  cursor: (text) =>
    isOne(text) && selects.test(text)
      ? ["begin", `declare mutant scroll cursor for ${text}`, "fetch all from mutant", "commit"]
      : undefined,
  "a transaction": (text) => (isOne(text) && plans.test(text) ? ["begin", text, "commit"] : undefined),
  parentheses: (text) => (isOne(text) && selects.test(text) ? [`((${ended(text)}))`] : undefined),
  subquery: (text) => (nests(text) ? [`select * from (${ended(text)}) as nest`] : undefined),
  "WITH query": (text, random) =>
    nests(text)
      ? [
          `with nest as ${random.of(["", "materialized", "not materialized"])} (${ended(text)}) select * from nest`,
        ]
      : undefined,
};

const plans =
  /^\s*(?:select|with|insert|update|delete|values|table|merge)\b(?![\s\S]*\binto\s+(?:temp|table|unlogged|stolen)\b)/i;
const selects =
  /^\s*(?:select|values|table)\b(?![\s\S]*\binto\b)(?![\s\S]*\bfor\s+(?:update|share|no\s+key|key))/i;

/** One statement, which a `;` may end. */
function isOne(text: string): boolean {
  const signs = tokens(text.trimEnd().replace(/;$/, "")).filter(
    ({ kind }) => kind !== "space" && kind !== "comment",
  );
  return signs.length > 0 && !signs.some(({ text: sign }) => sign === ";");
}

/** A query without columns of the same name, or an order that only its outermost level keeps. */
function nests(text: string): boolean {
  return isOne(text) && selects.test(text);
}

/** A line comment at the end would take what comes behind it along. */
function ended(text: string): string {
  return `${text.trimEnd().replace(/;$/, "")}\n`;
}

/** Where a text means something else under other settings, other ways to write it do not keep it. */
const bySettings = /standard_conforming|backslash|client_encoding|\bnames\b/i;

/** Mutants of mutants become long. */
const longest = 4000;

/** The mutants of a seed from one number up to another: the same for the same seed and corpus. */
export function* mutantsOf(
  corpus: readonly Attack[],
  seed: number,
  first: number,
  end: number,
): Generator<Mutant> {
  const from = corpus.filter(isSource);
  for (let at = first; at < end; at += 1) {
    const random = new Random(Math.imul(seed, 0x9e3779b1) + at);
    const of = from[random.upTo(from.length)] as Attack;
    const broken =
      of.under.startsWith("mask-write") || of.under === "write-orders" ? false : random.chance(15);
    yield broken ? brokenOf(of, from, random) : keptOf(of, random);
  }
}

/** What may write is played once, as it is: its mutants would change the world for each other. */
function isSource(attack: Attack): boolean {
  const mayWrite = attack.under === "mask-write" || attack.under === "write-orders";
  return attack.gap === undefined && !(mayWrite && attack.expect === "allowed");
}

function keptOf(of: Attack, random: Random): Mutant {
  let sql = of.sql;
  const done: string[] = [];
  const spelled = sql.every((step) => !bySettings.test(textOf(step)) && textOf(step).length < longest);
  for (let times = 1 + random.upTo(4); times > 0 && spelled; times--) {
    const name = Object.keys(spellings)[random.upTo(Object.keys(spellings).length)] ?? "";
    sql = sql.map((step) =>
      withTexts(step, (text) => (text === "" ? text : (spellings[name]?.(text, random) ?? text))),
    );
    done.push(name);
  }
  const only = sql.length === 1 ? sql[0] : undefined;
  if (typeof only === "string" && random.chance(60)) {
    const name = Object.keys(forms)[random.upTo(Object.keys(forms).length)] ?? "";
    // Under a mask, computed columns of EXECUTE and FETCH are withheld, the clear ones too.
    const shown = of.shows === undefined || !of.under.startsWith("mask") || !/prepared|cursor/.test(name);
    const formed = shown ? forms[name]?.(only, random) : undefined;
    if (formed) {
      sql = formed;
      done.push(name);
    }
  }
  const piece = random.chance(5) ? 1 + random.upTo(40) : undefined;
  const attack: Attack = {
    ...of,
    sql,
    tries: `${of.tries} [${done.join(", ")}${piece ? `, in pieces of ${piece}` : ""}]`,
  };
  return { attack, of, keeps: true, ...(piece ? { piece } : {}) };
}

/** Something in it is no longer what it was: most are errors of syntax, some are other statements. */
function brokenOf(of: Attack, from: readonly Attack[], random: Random): Mutant {
  const other = from[random.upTo(from.length)] as Attack;
  const texts = of.sql.flatMap((step, at) => (textOf(step) === "" ? [] : [at]));
  const hit = texts[random.upTo(Math.max(1, texts.length))];
  const donor = textOf(other.sql[random.upTo(other.sql.length)] ?? "");
  const sql = of.sql.map((step, at) =>
    at === hit ? withTexts(step, (text) => torn(text, donor, random)) : step,
  );
  return { attack: { ...of, sql, tries: `${of.tries} [torn]` }, of, keeps: false };
}

function torn(text: string, donor: string, random: Random): string {
  const [mine, theirs] = [tokens(text), tokens(donor)].map((all) => all.map((token) => token.text)) as [
    string[],
    string[],
  ];
  const at = random.upTo(mine.length + 1);
  const end = Math.min(mine.length, at + 1 + random.upTo(4));
  switch (random.upTo(6)) {
    case 0:
      mine.splice(at, end - at);
      break;
    case 1:
      mine.splice(at, 0, random.of(strange));
      break;
    case 2:
      mine.splice(at, 0, ...mine.slice(at, end));
      break;
    case 3:
      mine.splice(at, mine.length, ...theirs.slice(random.upTo(theirs.length + 1)));
      break;
    case 4:
      mine.splice(at, 1, theirs[random.upTo(Math.max(1, theirs.length))] ?? "");
      break;
    default:
      mine.splice(at, 0, ";", donor, random.of([";", " --", "/*", "'"]));
  }
  return mine
    .join("")
    .replaceAll("\0", "")
    .slice(0, longest * 2);
}

const strange = [
  "'",
  '"',
  "$$",
  "$a$",
  "/*",
  "*/",
  "--",
  ";",
  "\\",
  "\u00a0",
  "\ufeff",
  "\u3000",
  "\u2028",
  "\ufffd",
  "(",
  ")",
  "E'\\'",
  "U&'",
  "::",
  ".",
  "*",
  "$1",
  "@",
  "\u0130",
  "\u212a",
  "\v",
  "\x7f",
  " union all ",
  " into stolen ",
  " for update ",
  " returning * ",
  " as ",
  " or ",
  "analyze ",
] as const;
