import type { Execution } from "./gate.ts";
import type { Operation, Parameters } from "./operation.ts";
import type { SessionPlan } from "./plan.ts";
import type { Plans } from "./plans.ts";

/** What guardrails see of one execution: the plan's own object where it adds nothing to the text. */
export function executed({ operation }: SessionPlan, execution: Execution, plans: Plans): Operation {
  const { parameters, batch, inTransaction } = execution;
  if (!parameters && !batch && !inTransaction) return operation;
  const own = executedAs(operation, inTransaction, parameters);
  if (!batch) return own;
  const others = batch.map((one) =>
    executedAs(plans.of(one.plan.statement).operation, inTransaction, one.parameters),
  );
  return { ...own, batch: others };
}

/** What most operations have is written out: to copy them field by field costs several times as much. */
function executedAs(operation: Operation, inTransaction: boolean, parameters?: Parameters): Operation {
  const { text, actions, detail, policyVersion, predicates, stores } = operation;
  if (predicates !== undefined || stores !== undefined || parameters === undefined) {
    return { ...operation, inTransaction, ...(parameters === undefined ? {} : { parameters }) };
  }
  return { text, actions, detail, inTransaction, policyVersion, parameters };
}
