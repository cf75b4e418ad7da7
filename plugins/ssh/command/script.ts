import type {
  Assignment,
  Command,
  CommandExpansionPart,
  CommandNode,
  CompoundList,
  HereDoc,
  ParsedScript,
  Pipeline,
  Redirection,
  Statement,
  Word,
} from "unbash";
import { type Argument, untold } from "./argument.ts";
import { nothingBetween } from "./gaps.ts";
import { harmlessFor, ownVariable } from "./harmless.ts";
import { runProgram } from "./program.ts";
import type { Reading } from "./reading.ts";
import { endsPlainly, redirected, spansOf } from "./redirect.ts";
import { expansionsOf, readWord, type Span } from "./word.ts";

/** Reserved words of bash that are programs elsewhere. */
const ofBash = /^(\[\[|\]\]|function|select|coproc|time|[{}!])$/;

const oddDocument = "a here-document that shells read in different ways";

/** Everything that one script would do, in the order it stands there. Each kind of node that is not named is unknown. */
export class ScriptReader {
  readonly #source: string;
  readonly #reading: Reading;
  readonly #spans: Span[] = [];

  constructor(source: string, reading: Reading) {
    this.#source = source;
    this.#reading = reading;
  }

  read(script: ParsedScript): void {
    if (script.errors?.length || script.source !== undefined || script.shebang)
      this.#reading.unknown("it does not follow the shell's grammar to its end");
    this.#statements(script.commands);
    if (!nothingBetween(this.#source, script, this.#spans))
      this.#reading.unknown("part of it is read by shells in different ways");
  }

  #statements(statements: readonly Statement[]): void {
    for (const { command, background } of statements) {
      if (background && this.#reading.context.stays)
        this.#reading.unknown("& leaves something running that would print among later answers");
      if (command.type === "AndOr") for (const one of command.commands) this.#pipeline(one);
      else this.#pipeline(command);
    }
  }

  #pipeline(node: CommandNode | Pipeline): void {
    if (node.type !== "Pipeline") return this.#command(node);
    if (node.operators.includes("|&")) this.#reading.unknown("|&, which sh does not have");
    if (node.prefixes.length > 0) this.#prefixed(node);
    for (const command of node.commands) this.#command(command);
  }

  /** In bash `time` is a word of the language, in dash a program that runs another. */
  #prefixed({ prefixes: [prefix, more], commands: [first] }: Pipeline): void {
    if (more || prefix === undefined) return this.#reading.unknown("! or time, more than once");
    if (prefix.type === "Negation") return;
    const plain = first?.type === "Command" && first.name && first.prefix.length === 0;
    if (prefix.posix || prefix.endOfOptions || !plain || /^\W/.test(first.name.text))
      this.#reading.unknown("time in a form that shells read in different ways");
    this.#reading.add({ effect: "execute", on: "time *", within: "time" });
  }

  #command(node: CommandNode): void {
    switch (node.type) {
      case "Command":
        return this.#simple(node);
      case "Redirected":
        this.#command(node.command);
        return node.redirects.forEach((redirect) => {
          this.#redirect(redirect);
        });
      case "Subshell":
      case "BraceGroup":
        return this.#list(node.body);
      case "If":
        for (const { clause, then } of [node, ...node.elif]) this.#list(clause, then);
        return node.else && this.#list(node.else);
      case "While":
        return this.#list(node.clause, node.body);
      case "For":
        for (const word of node.wordlist ?? []) this.#word(word);
        if (!ownVariable(this.#word(node.name).text ?? ""))
          this.#reading.unknown(`the variable ${node.name.text}, which programs or shells may read`);
        return this.#list(node.body);
      case "Case":
        this.#word(node.word);
        for (const { pattern, body, terminator } of node.items) {
          if (terminator && terminator !== ";;")
            this.#reading.unknown(`${terminator}, which sh does not have`);
          for (const word of pattern) this.#word(word);
          this.#list(body);
        }
        return;
      default:
        return this.#reading.unknown(`something that not every sh has (${node.type})`);
    }
  }

  #list(...lists: CompoundList[]): void {
    this.#reading.within(() => {
      for (const { commands } of lists) this.#statements(commands);
    });
  }

  #simple({ name, prefix, suffix }: Command): void {
    for (const one of prefix) if (one.type === "Assignment") this.#assigned(one, name !== undefined);
    const words = name ? [this.#name(name)] : [];
    for (const one of suffix) {
      if (one.type === "Word") words.push(this.#word(one));
      else if (one.type === "Assignment") words.push(this.#assignedArgument(one));
    }
    for (const one of [...prefix, ...suffix]) {
      if (one.type !== "Word" && one.type !== "Assignment") this.#redirect(one);
    }
    if (words.length > 0) runProgram(words, this.#reading);
  }

  #name(name: Word): Argument {
    if (ofBash.test(name.text) || name.text.includes("="))
      this.#reading.unknown(`${name.text} in the place of a program`);
    return this.#word(name);
  }

  #assigned(assignment: Assignment, forProgram: boolean): void {
    const { name, value, append, index } = assignment;
    const { text } = this.#assignedArgument(assignment);
    if (append || index || value.type !== "Word")
      return this.#reading.unknown(`${name}: more than NAME=value`);
    if (harmlessFor(name, text?.slice(name.length + 1))) return;
    if (forProgram || !ownVariable(name))
      this.#reading.unknown(`the variable ${name}, which programs or shells may read`);
  }

  #assignedArgument(assignment: Assignment): Argument {
    const { name, pos, end, value, append, index } = assignment;
    if (append || index || value.type !== "Word") {
      this.#spans.push(assignment);
      this.#reading.unknown(`${name}: more than NAME=value`);
      return untold;
    }
    return this.#word({ pos, end, parts: value.parts });
  }

  #word(word: Span): Argument {
    this.#spans.push(word);
    return this.#inner(word);
  }

  #inner(word: Span): Argument {
    const { argument, substitutions, doubtful } = readWord(this.#source, word);
    if (doubtful)
      this.#reading.unknown(`${this.#source.slice(word.pos, word.end)}, which shells read in different ways`);
    this.#substituted(substitutions);
    return argument;
  }

  #substituted(substitutions: readonly CommandExpansionPart[]): void {
    for (const { script, text } of substitutions) {
      if (!script || (text.startsWith("`") && text.includes("\\")))
        this.#reading.unknown(`the substitution ${text}`);
      else this.#reading.within(() => new ScriptReader(this.#source, this.#reading).read(script));
    }
  }

  #redirect(redirect: Redirection): void {
    this.#spans.push(...spansOf(redirect));
    if (redirect.type === "HereDoc") return this.#hereDocument(redirect);
    if (redirect.type === "HereString") return this.#reading.unknown("<<<, which sh does not have");
    redirected(redirect, redirect.target && this.#inner(redirect.target), this.#reading);
  }

  #hereDocument(document: HereDoc): void {
    if (!endsPlainly(this.#source, document)) this.#reading.unknown(oddDocument);
    if (document.delimiter?.quoted) return;
    const expansions = expansionsOf(document.body.parts ?? []);
    if (!expansions) return this.#reading.unknown(oddDocument);
    let rest = "";
    let at = document.body.pos;
    for (const { pos, end } of expansions) {
      rest += this.#source.slice(at, pos);
      at = end;
    }
    rest += this.#source.slice(at, document.body.end);
    if (/[$`]/.test(rest.replaceAll(/\\[\\$`]/g, ""))) this.#reading.unknown(oddDocument);
    this.#substituted(expansions.filter((part) => part.type === "CommandExpansion"));
  }
}
