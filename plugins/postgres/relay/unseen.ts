import type { Denial, Pass, Reason } from "../../../core/plugin.ts";
import type { SqlStatement } from "../sql/classify.ts";
import { unused } from "./admission.ts";
import { legible } from "./copied.ts";
import type { Exchange } from "./exchange.ts";

const otherForm: Reason = {
  code: "mask.copy",
  message:
    "A guardrail must see the rows of this answer, and it cannot: they come in another encoding, or by EXECUTE.",
  hint: "Leave encodings at UTF8 and send the COPY as it is; else use SELECT.",
};

const replicated: Reason = {
  code: "mask.replication",
  message: "A guardrail must see the rows of this answer, and it cannot: what is replicated is no rows yet.",
  hint: "Whoever keeps the policy allows `replicate` in a rule without masks, for what may be seen as it is.",
};

/** Why no guardrail can see into the answer to this; undefined: one can. */
export function hidden(statement: SqlStatement, { settings, services }: Exchange): Reason | undefined {
  const { actions, detail } = statement;
  if (actions.some(({ effect }) => effect === "replicate")) return replicated;
  if (!detail.copyOut) return undefined;
  // A server that replicates lets nobody ask for the columns of a COPY.
  if (services.replication !== undefined) return replicated;
  return legible(statement, settings) ? undefined : otherForm;
}

/** By its number nobody knows what a function gives. */
export const functionResult: Reason = {
  code: "mask.copy",
  message:
    "A guardrail must see what this function gives, and it cannot: it was called by its number (libpq's PQfn, which lo_open and its kin use), and its answer is no row.",
  hint: "Call it in SQL: select lo_get(4711), select my_function(1). A large object is withheld there too; who is to read it needs a rule without a mask.",
};

/** Why it does not go to the server. `unseen`: no guardrail can see into its answer. */
export function refusal(answer: Pass | Denial, unseen: Reason | undefined): Reason | undefined {
  if ("deny" in answer) return answer.deny;
  if (unseen === undefined || answer.answer?.rows === undefined) return undefined;
  unused(answer);
  return unseen;
}
