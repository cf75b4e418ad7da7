import { type Action, type Classified, PosternError } from "../../core/plugin.ts";
import { type HostShell, readCommand } from "./command/index.ts";
import { leads, pathExtensions, pathForms } from "./sftp/forms.ts";
import { canonical } from "./sftp/path.ts";

const forms = new Map([...pathForms.values(), ...pathExtensions.values()].map((form) => [form.verb, form]));
const verbs = ["read", "write", "symlink", ...forms.keys()];

/**
 * What a text would do, as `postern policy explain` and policy tests ask: a command, or, in parentheses, what is none.
 * `(shell)`, `(guarded shell)`; `(subsystem NAME)`; `(connect tcp HOST:PORT)`, or another address as rules name it;
 * `(sftp VERB PATH)`, with two paths where the verb takes two (`rename`). Throws PosternError `ssh.explain`.
 */
export function classifyText(text: string, shell: HostShell): readonly Action[] | Classified {
  const [, inside] = /^\((.*)\)$/s.exec(text) ?? [];
  const [, kind, rest = ""] = /^(connect|sftp|subsystem) (\S.*)$/s.exec(inside ?? "") ?? [];
  if (kind === "connect") return [{ effect: "connect", on: rest }];
  if (kind === "sftp") return ofFiles(rest);
  if (kind === "subsystem" && rest === "sftp") return [];
  if (kind === "subsystem" || inside === "shell" || inside === "guarded shell") {
    return [{ effect: "execute", on: text }];
  }
  return readCommand(text, { shell });
}

/** The paths are those that the host means: what is a link there is not looked up. */
function ofFiles(text: string): readonly Action[] {
  const [verb = "", ...words] = text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  const paths = words.map(pathIn);
  const [first, second = ""] = paths;
  const form = forms.get(verb);
  const wanted = verb === "symlink" ? 2 : (form?.follows.length ?? 1);
  if (first === undefined || paths.length !== wanted || !verbs.includes(verb)) throw notAsked();
  if (verb === "read" || verb === "write") return [{ effect: verb, on: first }];
  if (verb === "symlink") return [...leads(first, second), { effect: "write", on: second }];
  return form?.actions(first, second) ?? [];
}

/** Absolute, in quotes where a blank is in it. */
function pathIn(word: string): string {
  const path = word.startsWith('"') ? quoted(word) : word;
  if (!path.startsWith("/")) throw notAsked();
  return canonical(path, "/");
}

function quoted(word: string): string {
  try {
    return String(JSON.parse(word));
  } catch {
    throw notAsked();
  }
}

function notAsked(): PosternError {
  return new PosternError("ssh.explain", "That is no request for files that can be explained.", {
    hint: `Write (sftp VERB /PATH), with one of ${verbs.join(", ")}; paths are absolute, and in quotes where a blank is in them.`,
  });
}
