import { type Action, type Effect, onlyReads, type Reason } from "../../core/plugin.ts";
import { unlocking } from "./sql/unlocking.ts";

const reason: Reason = {
  code: "postgres.read-only",
  message: "The rights of this session are only to read, so its transactions are read-only and stay so.",
  hint: "Leave READ WRITE, and changes of transaction_read_only, out; what reads needs neither. A transaction from before is ended by COMMIT or ROLLBACK alone.",
};

/** What a session whose rights are only to read may not do, whatever it is otherwise: ask the server for more. */
export function keepsReading({ traits }: Action, effects: ReadonlySet<Effect>): Reason | undefined {
  return traits?.includes(unlocking) && onlyReads(effects) ? reason : undefined;
}
