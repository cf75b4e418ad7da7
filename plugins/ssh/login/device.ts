import type { KeyboardAuthContext } from "ssh2";
import { byPassword, type Door, type Identity, PosternError } from "../../../core/plugin.ts";

/** Also what clients that answer a password prompt by themselves look for. */
const question = "Password, token or credential (press Enter to sign in with a browser): ";

/**
 * Keyboard-interactive (RFC 4256): what a password would be, or nothing at all and then a browser, for which this
 * waits. Throws as `Door.identify` does; undefined: the client asks for something else meanwhile.
 */
export async function byKeyboard(
  context: KeyboardAuthContext,
  device: NonNullable<Door["device"]>,
  door: Door,
  gone: Promise<void>,
): Promise<Identity | undefined> {
  const left = new AbortController();
  const leave = () => left.abort(new PosternError("wire.closed", "The client does not wait any more."));
  context.once("abort", leave);
  void gone.then(leave);
  const [password = ""] = (await asked(context, [{ prompt: question, echo: false }], "")) ?? [];
  if (left.signal.aborted) return undefined;
  if (password !== "") return await byPassword(password, door);
  return await device(({ where, userCode, complete }) => {
    const ready = complete === undefined ? "" : `, or open ${plain(complete)}`;
    const text = `Open ${plain(where)} in a browser, and enter the code ${plain(userCode)}${ready}`;
    void asked(context, [], text);
  }, left.signal);
}

/** undefined: the client has begun something else. */
function asked(
  context: KeyboardAuthContext,
  prompts: { readonly prompt: string; readonly echo: boolean }[],
  instructions: string,
): Promise<readonly string[] | undefined> {
  return new Promise((resolve) => {
    context.prompt(prompts, "", instructions, (answers: unknown) => {
      resolve(Array.isArray(answers) ? (answers as string[]) : undefined);
    });
  });
}

/** What a provider says goes to a terminal. */
function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}
