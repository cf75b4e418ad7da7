import type { HereDoc, Redirect, Redirection } from "unbash";
import type { Argument } from "./argument.ts";
import { targetPath } from "./path.ts";
import type { Reading } from "./reading.ts";

/** Where output goes or input comes from. Here-documents add nothing: they are the program's input, as typed. */
export function redirected(redirect: Redirect, target: Argument | undefined, reading: Reading): void {
  const { operator, descriptor } = redirect;
  if (target === undefined || (descriptor && descriptor.type !== "FileDescriptor"))
    return reading.unknown(`the redirection ${operator}`);
  if (operator === ">&" || operator === "<&") {
    if (!/^(\d|-)$/.test(target.text ?? ""))
      reading.unknown(`the redirection ${operator} to what is no number`);
    return;
  }
  if (operator === "&>" || operator === "&>>") return reading.unknown(`${operator}, which sh does not have`);
  const socket = /^\/+dev\/+(tcp|udp)\/+([^/]+)\/+([^/]+)$/.exec(target.text ?? "");
  if (socket) return reading.add({ effect: "connect", on: `${socket[1]} ${socket[2]}:${socket[3]}` });
  if (/^\/+dev\/+(tcp|udp)\b/.test(target.text ?? ""))
    return reading.unknown(`the redirection to ${target.text}`);
  if (own.test(target.text ?? "")) return;
  const on = target.pattern && /[*?[]/.test(target.text ?? "") ? "*" : targetPath(target);
  if (operator !== "<") reading.add({ effect: "write", on });
  if (operator === "<" || operator === "<>") reading.add({ effect: "read", on });
}

const own = /^\/dev\/(null|stdin|stdout|stderr|fd\/\d)$/;

/** Whether all shells end it at the same line. */
export function endsPlainly(source: string, { body, closing, delimiter, operator }: HereDoc): boolean {
  if (!delimiter || !closing || !/^\w+$/.test(delimiter.value)) return false;
  if (!/^\w+$|^'\w+'$|^"\w+"$|^\\\w+$/.test(delimiter.text)) return false;
  const tabs = operator === "<<-" ? /^\t+/ : /^(?!)/;
  const lines = source.slice(body.pos, body.end).split("\n");
  if (lines.some((line) => line.replace(tabs, "") === delimiter.value)) return false;
  if (!delimiter.quoted && lines.some((line) => line.endsWith("\\"))) return false;
  return source.slice(closing.pos, closing.end).replace(tabs, "") === delimiter.value;
}

/** The places that it takes in the script. */
export function spansOf(redirect: Redirection): { readonly pos: number; readonly end: number }[] {
  if (redirect.type !== "HereDoc") return [redirect];
  return [redirect, redirect.body, ...(redirect.closing ? [redirect.closing] : [])];
}
