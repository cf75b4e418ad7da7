import type { TextSource } from "../../core/plugin.ts";
import { isWording } from "./wording.ts";

/**
 * Which messages of a database may pass while columns are masked. An error can quote a value (`select
 * email::int`), or be made to (`select email::regclass` answers `relation "alice@example.com" does not exist`). What is
 * said of the statement before any value was looked at passes; all else only where it is word for word the server's
 * own. Words of the caller's are none to go by: who lists a thousand names in a comment would read which one it is.
 */
export function mayPass(text: string, code: string | undefined, source: TextSource | undefined): boolean {
  if (source === "statement") return true;
  return code !== undefined && isWording(text, code, source === "server");
}

export function withheldText(code: string | undefined): string {
  return code === undefined ? "message withheld by mask" : `message withheld by mask, SQLSTATE ${code}`;
}
