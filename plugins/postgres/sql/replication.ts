import type { Action } from "../../../core/plugin.ts";
import type { SqlStatement } from "./classify.ts";
import { noMentions } from "./mentions.ts";
import { identifier } from "./names.ts";

/** How a connection replicates: `database` takes SQL as well, of the database that it names. */
export type Replication = "physical" | "database";

/** The first word of a text that the server does not read as SQL in a replication connection (repl_scanner.l). */
const command =
  /^[ \t\n\r\f]*(IDENTIFY_SYSTEM|BASE_BACKUP|UPLOAD_MANIFEST|START_REPLICATION|TIMELINE_HISTORY|(?:CREATE|ALTER|DROP|READ)_REPLICATION_SLOT)(?![\w$\x80-\uffff])/;
const token = /'((?:[^']|'')*)'|"([^"]*)"|([A-Za-z_\x80-\uffff][\w$\x80-\uffff]*)|\S/g;

/** One of a list of names (SplitIdentifierString), with what stands between it and the next. */
const publication = /[ \t\n\r\f\v]*(?:"((?:[^"]|"")*)"|([^", \t\n\r\f\v]+))[ \t\n\r\f\v]*(?:,|$)/g;

interface Token {
  readonly kind: "literal" | "name" | "other";
  readonly value: string;
}

/**
 * What a replication command would do (PostgreSQL 18, "Streaming Replication Protocol"); undefined: it is none. The
 * parser of SQL does not know them. A target that cannot be told is `*`, which only a right to all of its kind covers.
 */
export function replicationCommand(text: string): SqlStatement | undefined {
  const word = command.exec(text)?.[1];
  if (word === undefined) return undefined;
  const [, ...rest] = tokens(text);
  const actions = targets(word, rest).map((on): Action => ({ effect: "replicate", on }));
  if (word === "BASE_BACKUP" && leavesElsewhere(rest)) actions.push({ effect: "execute", on: "copy file" });
  return {
    text,
    actions,
    detail: {
      actions,
      statements: 1,
      uses: [],
      mentions: noMentions,
      ...(word === "START_REPLICATION" ? { copyBoth: true } : {}),
      ...(word === "UPLOAD_MANIFEST" ? { copyIn: true } : {}),
      lineage: () => undefined,
    },
  };
}

/** SHOW, where it is a command of replication: elsewhere it is SQL. undefined: it is none. */
export function shownSetting(text: string): string | undefined {
  if (!/^[ \t\n\r\f]*SHOW(?![\w$\x80-\uffff])/.test(text)) return undefined;
  const [, name, ...rest] = tokens(text);
  return rest.length === 0 && name?.kind === "name" ? `setting ${target(lower(name.value))}` : "setting *";
}

function targets(word: string, rest: readonly Token[]): string[] {
  switch (word) {
    case "IDENTIFY_SYSTEM":
    case "TIMELINE_HISTORY":
      return ["system"];
    case "BASE_BACKUP":
    case "UPLOAD_MANIFEST":
      return ["base backup"];
    case "START_REPLICATION":
      return started(rest);
    case "CREATE_REPLICATION_SLOT":
      return [`slot ${named(rest[0])}`, ...created(rest.slice(1))];
    default:
      return [`slot ${named(rest[0])}`];
  }
}

/** A logical slot shows what its publications have; a physical one, or none, all that the server writes. */
function started(rest: readonly Token[]): string[] {
  const withSlot = isWord(rest[0], "SLOT");
  const slot = withSlot ? [`slot ${named(rest[1])}`] : [];
  if (!withSlot || !isWord(rest[2], "LOGICAL")) return [...slot, "wal"];
  return [...slot, ...published(rest.slice(3))];
}

/** The decoding plugin says what the slot shows. */
function created(rest: readonly Token[]): string[] {
  const [kind, plugin] = isWord(rest[0], "TEMPORARY") ? rest.slice(1) : rest;
  return isWord(kind, "LOGICAL") ? [`plugin ${named(plugin)}`] : ["wal"];
}

/** BASE_BACKUP's option TARGET: the server writes the files itself (`server`), or gives them to a module (`shell`). */
function leavesElsewhere(options: readonly Token[]): boolean {
  return options.some(({ kind, value }, at) => {
    const given = options[at + 1];
    return (
      kind === "name" && lower(value) === "target" && !(given && /^(client|blackhole)$/.test(given.value))
    );
  });
}

/** pgoutput's option `publication_names`: names as in SQL, parted by commas, in one literal. */
function published(options: readonly Token[]): string[] {
  return options.flatMap(({ kind, value }, at) => {
    if (kind !== "name" || lower(value) !== "publication_names") return [];
    const list = options[at + 1];
    if (list?.kind !== "literal") return ["publication *"];
    const names = [...list.value.matchAll(publication)];
    const whole = names.reduce((sum, [all]) => sum + all.length, 0) === list.value.length;
    if (!whole || names.length === 0) return ["publication *"];
    return names.map(([, quoted, plain = ""]) => {
      const name = quoted?.replaceAll('""', '"') ?? lower(plain);
      return `publication ${target(name)}`;
    });
  });
}

function tokens(text: string): Token[] {
  return [...text.matchAll(token)].map(([all, literal, quoted, name]) => {
    if (literal !== undefined) return { kind: "literal", value: literal.replaceAll("''", "'") };
    if (quoted !== undefined) return { kind: "name", value: quoted };
    return name === undefined ? { kind: "other", value: all } : { kind: "name", value: name };
  });
}

/** Keywords are as they are written. */
function isWord(found: Token | undefined, word: string): boolean {
  return found?.kind === "name" && found.value === word;
}

/** The names of slots and plugins are lower case, however they are quoted. */
function named(found: Token | undefined): string {
  return found?.kind === "name" ? target(lower(found.value)) : "*";
}

/** The server cuts a name at 63 bytes, and what is left may be another one's. */
function target(name: string): string {
  return Buffer.byteLength(name) > 63 ? "*" : identifier(name);
}

/** As the server does it where characters may have several bytes. */
function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
