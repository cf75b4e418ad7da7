import type { Random } from "../../fuzz.ts";
import { type Token, tokens } from "./tokens.ts";

/** Another way to write the same text: what the server makes of it is the same. */
export type Spelling = (text: string, random: Random) => string;

export const spellings: Readonly<Record<string, Spelling>> = {
  letters: (text, random) =>
    respelled(text, ({ token }) => (token.kind === "word" ? inCases(token.text, random) : token.text)),
  spaces: (text, random) =>
    respelled(text, (place) => (isFree(place) ? random.of(spaces) : place.token.text)),
  "signs apart": (text, random) =>
    respelled(text, ({ token }) =>
      token.kind === "sign" && /[(),[\]]/.test(token.text) && random.chance(60)
        ? `${random.of(spaces)}${token.text}${random.of(spaces)}`
        : token.text,
    ),
  comments: (text, random) =>
    respelled(text, (place) =>
      isFree(place) && !escapes(place) && random.chance(50) ? ` ${random.of(comments)} ` : place.token.text,
    ),
  "comments around": (text, random) => {
    const [before, behind] = [random.of(comments), random.of(comments)];
    // It would end a quote that the text leaves open.
    const closes = text.includes("$a$") && behind.includes("$a$");
    return `${before} ${text}${endsInComment(text) ? "\n" : " "}${closes ? "/**/" : behind}`;
  },
  quotes: (text, random) =>
    respelled(text, ({ token, after }) => {
      const name = token.kind === "word" && names.test(token.text) && !/[A-Z]/.test(token.text);
      // LEFT JOIN
      const called = token.text !== "left" || after?.text === "(";
      return name && called && random.chance(70) ? quoted(token.text, random) : token.text;
    }),
  strings: (text, random) =>
    respelled(text, ({ token, before, after }) => {
      const alone = before?.kind !== "string" && after?.kind !== "string";
      if (!token.text.startsWith("'") || !alone || /^uescape$/i.test(before?.text ?? "")) return token.text;
      return ` ${stringOf(token.text.slice(1, -1).replaceAll("''", "'"), random)} `;
    }),
};

const spaces = [" ", "  ", "\n", "\t", "\r\n", "\f", " \n\t ", "\r"] as const;

/** Whatever is in them, they are a space. */
const comments = [
  "/**/",
  "/* */",
  "/* ' */",
  '/* " */',
  "/* ; */",
  "/* -- */",
  "/* $$ */",
  "/* /* */ */",
  "/*/**/*/",
  "/* /* '; */ \" */",
  "--\n",
  "-- '\n",
  "-- /*\n",
  '-- "\n',
  "-- ;\n",
  "-- $a$\n",
  "--/* */ select 1;\n",
  "/* \\' */",
  "/*! select 1 */",
  "/*+ hint */",
  "/* é€😀 */",
  "/*\n--*/",
  "-- \\\n",
] as const;

/** What may stand in quotes wherever it stands: names of the world, and functions that are no words of the grammar. */
const names =
  /^(?:orders|customers|notes|order_items|customer_\w+|employees|people|events|unique_mails|documents|contacts|hidden|attic|invoice_no|order_view|noting_\w+|email|city|note|body|id|add_note\w*|\w+_note|delete_order|reads_\w+|shout|upper|lower|md5|left|reverse|ascii|substr|repeat|nextval|setval|set_config|count|string_agg|array_agg|max|min|pg_(?!temp)\w+|lo_\w+|dblink\w*|ts_\w+|\w+_to_xml)$/;

interface Place {
  readonly token: Token;
  /** Right before it, whatever it is. */
  readonly last: Token | undefined;
  /** Its neighbours that are neither space nor comment. */
  readonly before: Token | undefined;
  readonly after: Token | undefined;
}

/** A space whose kind does not matter: a new line ends a comment, and makes two strings one. */
function isFree({ token, last, before, after }: Place): boolean {
  const ends = last?.kind === "comment" && last.text.startsWith("--");
  return token.kind === "space" && !ends && !(before?.kind === "string" && after?.kind === "string");
}

/** The gateway's parser takes no comment there, which makes the statement unknown (families/parsing.ts). */
function escapes({ before, after }: Place): boolean {
  return /^uescape$/i.test(before?.text ?? "") || /^uescape$/i.test(after?.text ?? "");
}

function respelled(text: string, change: (place: Place) => string): string {
  const all = tokens(text);
  const counts = ({ kind }: Token) => kind !== "space" && kind !== "comment";
  return all
    .map((token, at) =>
      change({
        ...{ token, last: all[at - 1] },
        ...{ before: all.slice(0, at).findLast(counts), after: all.slice(at + 1).find(counts) },
      }),
    )
    .join("");
}

/** Only ASCII letters are the same in both cases, whatever the server's locale. */
function inCases(word: string, random: Random): string {
  if (/[^\0-\x7f]/.test(word)) return word;
  const how = random.upTo(3);
  if (how === 0) return word.toUpperCase();
  return word.replace(/[a-z]/gi, (letter) =>
    random.chance(50) ? letter.toUpperCase() : letter.toLowerCase(),
  );
}

function quoted(name: string, random: Random): string {
  switch (random.upTo(3)) {
    case 0:
      return `"${name}"`;
    case 1:
      return ` U&"${escaped(name, "\\", random)}"`;
    default:
      return ` U&"${escaped(name, "!", random)}" uescape '!'`;
  }
}

function stringOf(value: string, random: Random): string {
  const tag = random.of(["", "a", "_", "q1", "é"]);
  switch (random.upTo(4)) {
    case 0:
      return `E'${value.replace(/[\\']/g, "\\$&").replace(/[a-z]/g, (letter) => (random.chance(20) ? `\\x${letter.charCodeAt(0).toString(16)}` : letter))}'`;
    case 1:
      return `U&'${escaped(value, "\\", random).replaceAll("'", "''")}'`;
    case 2:
      return value.includes("$") ? `'${value.replaceAll("'", "''")}'` : `$${tag}$${value}$${tag}$`;
    default:
      return value.length < 2
        ? `'${value.replaceAll("'", "''")}'`
        : continued(value, 1 + random.upTo(value.length - 1));
  }
}

/** Some letters by their number. */
function escaped(value: string, sign: string, random: Random): string {
  return value
    .replaceAll(sign, sign + sign)
    .replace(/[a-z]/g, (letter) =>
      random.chance(30) ? `${sign}00${letter.charCodeAt(0).toString(16)}` : letter,
    );
}

/** A string in two parts, each on a line of its own. */
function continued(value: string, at: number): string {
  const part = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return `${part(value.slice(0, at))}\n${part(value.slice(at))}`;
}

function endsInComment(text: string): boolean {
  const last = tokens(text).at(-1);
  return last?.kind === "comment" && last.text.startsWith("--");
}
