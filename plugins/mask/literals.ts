/**
 * The string literals of a SQL text, as the values that the server reads: `'…'`, `E'…'` with its escapes, `U&'…'`,
 * `$tag$…$tag$`, and parts over several lines as one. Read twice, with comments as comments and as text: a literal too
 * many is no harm, and not every text is SQL.
 */
export function* literalsIn(text: string): Generator<string> {
  yield* matched(text, literal);
  if (comment.test(text)) yield* matched(text, literalOrComment);
}

function* matched(text: string, pattern: RegExp): Generator<string> {
  let joined: string | undefined;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const { escaped, unicode, plain, dollar } = match.groups as Record<string, string | undefined>;
    const value =
      escaped !== undefined
        ? unescaped(escaped)
        : unicode !== undefined
          ? fromUnicode(unicode)
          : (plain?.replaceAll("''", "'") ?? dollar);
    if (value === undefined) continue;
    // Only a line break between them makes one literal of two.
    const between = text.slice(end, match.index);
    const continues = joined !== undefined && plain !== undefined && /^\s*[\n\r]\s*$/.test(between);
    joined = continues ? joined + value : value;
    end = match.index + match[0].length;
    yield value;
    if (continues) yield joined;
  }
}

const forms = [
  String.raw`[eE]'(?<escaped>(?:[^'\\]|''|\\[\s\S])*)'`,
  "[uU]&'(?<unicode>(?:[^']|'')*)'",
  "'(?<plain>(?:[^']|'')*)'",
  String.raw`\$(?<tag>[\p{L}_][\p{L}\p{N}_]*)?\$(?<dollar>[\s\S]*?)\$\k<tag>\$`,
];
const literal = new RegExp(forms.join("|"), "gu");
const comment = /--|\/\*|"/;
const skipped = ['"(?:[^"]|"")*"', String.raw`--[^\n\r]*`, String.raw`/\*[\s\S]*?\*/`];
const literalOrComment = new RegExp([...forms, ...skipped].join("|"), "gu");

const named: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function unescaped(text: string): string {
  const bytes: Buffer[] = [];
  const escapes =
    /''|\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|x([\da-fA-F]{1,2})|([0-7]{1,3})|([\s\S]))|[^\\']+/g;
  for (const [whole, u, long, hex, octal, other] of text.matchAll(escapes)) {
    const code = u ?? long;
    const byte =
      hex === undefined
        ? octal === undefined
          ? undefined
          : Number.parseInt(octal, 8)
        : Number.parseInt(hex, 16);
    if (byte !== undefined) bytes.push(Buffer.of(byte & 0xff));
    else if (code !== undefined) bytes.push(Buffer.from(character(code)));
    else
      bytes.push(Buffer.from(whole === "''" ? "'" : other === undefined ? whole : (named[other] ?? other)));
  }
  return Buffer.concat(bytes).toString("utf8");
}

/** Whatever its escape character is (UESCAPE): one that is no letter, digit, sign or quote. */
function fromUnicode(text: string): string {
  return text
    .replaceAll("''", "'")
    .replace(/([^\w\s'"+])(?:\+([\da-fA-F]{6})|([\da-fA-F]{4})|\1)/g, (whole, _mark, long, short) =>
      long === undefined && short === undefined ? whole.slice(1) : character(long ?? short),
    );
}

function character(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : "";
}
