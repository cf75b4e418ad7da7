import { unsafeFunctions } from "../sql/builtins.ts";
import type { Reference } from "./things.ts";

/** More names in one body than this are not looked up: it counts as volatile. */
const mostNames = 4_000;

/** Methods of TABLESAMPLE, which nobody can call, under names that stand in many bodies. */
const samplers: ReadonlySet<string> = new Set(["system", "bernoulli"]);

/** Without any of these no value of a row's type is made of others: a literal, a variable, a cast. */
const making = /['%]|::|\b(?:cast|declare|row|record)\b/;

/** What a function's body, or a domain's condition, names. */
export class Body {
  /** In lower case. */
  readonly text: string;
  /** Of the text in lower case. */
  readonly words: readonly string[];
  /** What relations and types may be called that it names: words as they stand and folded, and what stands between quotes. */
  readonly names: readonly string[];
  /** It runs a text that it puts together, a function of the server's own that does more than compute, or hides a name. */
  readonly opaque: boolean;
  /** Values of a row's type may be made in it. */
  readonly makes: boolean;

  /** `parts`: what it depends on by number. */
  constructor(
    source: string,
    readonly parts: readonly Reference[],
  ) {
    this.text = folded(source);
    this.words = [...new Set(wordsOf(source).map(folded))];
    this.names = namesOf(source);
    this.makes = making.test(this.text);
    const unsafe = (word: string) => word === "execute" || (unsafeFunctions.has(word) && !samplers.has(word));
    this.opaque = this.text.includes('u&"') || this.words.some(unsafe) || this.names.length > mostNames;
  }
}

/** In lower case, in whatever text it stands: a sigma at the end of a word has a form of its own there. */
export function folded(text: string): string {
  return text.toLowerCase().replaceAll("ς", "σ");
}

/** Of what an unquoted name may hold: to the server all that is not ASCII is a letter. */
const letters = "[A-Za-z0-9_$\\u0080-\\u{10ffff}]+";
const words = new RegExp(letters, "gu");
const wholeWord = new RegExp(`^${letters}$`, "u");

export function isWord(name: string): boolean {
  return wholeWord.test(name);
}

function wordsOf(text: string): string[] {
  return [...new Set(text.match(words) ?? [])];
}

function namesOf(source: string): string[] {
  const names = new Set<string>();
  for (const word of wordsOf(source)) {
    // The server folds what is ASCII, and in an encoding of one byte a letter all else too.
    for (const name of [word, word.replace(/[A-Z]/g, (letter) => letter.toLowerCase()), word.toLowerCase()]) {
      names.add(name);
      // An array's type.
      if (name.startsWith("_")) names.add(name.slice(1));
    }
  }
  for (const name of quoted(source)) names.add(name);
  return [...names].filter((name) => name !== "");
}

/** What stands between any two quotes that follow each other, whichever of them begins a name. `""` is one in a name. */
function quoted(source: string): string[] {
  const parts = source.split('"');
  const names: string[] = [];
  for (let from = 1; from < parts.length - 1; from += 1) {
    let name = parts[from] ?? "";
    names.push(name);
    for (let at = from + 1; parts[at] === "" && at + 1 < parts.length - 1 && name.length < 64; at += 2) {
      name += `"${parts[at + 1]}`;
      names.push(name);
    }
  }
  return names.filter((name) => !isWord(name) && Buffer.byteLength(name) < 64);
}

/** The server's own types are also called so. */
const spellings: Readonly<Record<string, readonly string[]>> = {
  boolean: ["bool"],
  char: ["bpchar", "varchar"],
  character: ["bpchar", "varchar"],
  real: ["float4"],
  float: ["float4", "float8"],
  double: ["float8"],
  smallint: ["int2"],
  int: ["int4"],
  integer: ["int4"],
  bigint: ["int8"],
  decimal: ["numeric"],
  dec: ["numeric"],
  timestamp: ["timestamptz"],
  time: ["timetz"],
  bit: ["varbit"],
};

/** What the catalogue calls the types that a text calls so. */
export function castNames(name: string): readonly string[] {
  return Object.hasOwn(spellings, name.toLowerCase()) ? (spellings[name.toLowerCase()] ?? []) : [];
}
