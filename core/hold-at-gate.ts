import { type Examined, examine, meaningOf, unexamined } from "./examining.ts";
import type { Examination } from "./finding.ts";
import type { Denial, Execution, Pass } from "./gate.ts";
import type { HoldRequest, Verdict } from "./guardrail.ts";
import { asked, deniedInTransaction, enough, type HoldResult, holdDenial, type OpenHold } from "./holds.ts";
import type { Identity } from "./identity.ts";
import type { Operation, Parameters, Reason } from "./operation.ts";
import type { SessionPlan } from "./plan.ts";
import type { SessionGate } from "./session-gate.ts";

/**
 * Holds the operation until each request has an approval, then decides it again: what a reload changed meanwhile is not
 * approved, nor what means something else on the resource by then.
 */
export async function askForApproval(
  gate: SessionGate,
  plan: SessionPlan,
  operation: Operation,
  execution: Execution,
  requests: readonly HoldRequest[],
): Promise<Pass | Denial> {
  const lasting = withLastingParameters(operation);
  let hold = "";
  const meanings = new Set<string | undefined>();
  const approvers: Identity[] = [];
  // Whoever waits for a person is not idle.
  gate.owner.inFlight++;
  try {
    const examination = execution.examination?.();
    for (const request of requests) {
      if (lasting.inTransaction && request.inTransaction === "deny")
        return gate.deny(plan, deniedInTransaction);
      const examined = await examinedBy(gate, examination);
      meanings.add(examined.meaning);
      const open = await openHold(gate, plan, lasting, examined, request);
      const result = await answered(gate, open, execution, request);
      if (result.how !== "approved") return gate.deny(plan, holdDenial(result, open.info));
      hold = open.info.id;
      approvers.push(...result.approved);
    }
    const again = gate.plan(plan.statement);
    const changed =
      again.ruling.ruleSet === plan.ruling.ruleSet
        ? undefined
        : await stillApproved(again, lasting, approvers);
    if (changed) return gate.deny(again, changed);
    const stale = await staleBy(gate, examination, meanings);
    if (stale) return gate.deny(again, stale);
    if (gate.owner.ended) return gate.deny(again, gate.owner.ended);
    return await gate.admit(again, lasting, hold);
  } catch (error) {
    return gate.deny(plan, gate.failure("hold", error));
  } finally {
    gate.owner.inFlight--;
    gate.owner.lastActive = Date.now();
  }
}

function openHold(
  gate: SessionGate,
  plan: SessionPlan,
  operation: Operation,
  examined: Examined,
  request: HoldRequest,
): Promise<OpenHold> {
  const { id, identity, resource } = gate.owner;
  return gate.services.holds.open(
    {
      session: id,
      identity,
      resource,
      operation,
      examined,
      trailText: plan.trailText,
      keepParameters: !plan.ruling.redacts,
    },
    request,
  );
}

async function answered(
  gate: SessionGate,
  open: OpenHold,
  execution: Execution,
  request: HoldRequest,
): Promise<HoldResult> {
  const { info } = open;
  const until = new Date(info.expires).toISOString();
  const abandon = () => open.end("abandoned", (gate.signal.reason as Reason).message);
  gate.signal.addEventListener("abort", abandon, { once: true });
  if (gate.signal.aborted) abandon();
  try {
    execution.held?.({
      id: info.id,
      expires: info.expires,
      notice:
        `This operation waits for an approval by ${asked(info)} until ${until}` +
        `${request.message === undefined ? "" : ` (${request.message})`}. ` +
        `To approve: postern approvals approve ${info.id}`,
      withdraw: (how) => open.end(how),
    });
    return await open.result;
  } finally {
    gate.signal.removeEventListener("abort", abandon);
  }
}

function examinedBy(gate: SessionGate, examination: Examination | undefined): Promise<Examined> | Examined {
  if (!examination) return unexamined;
  return examine(examination, gate.signal, (error) =>
    gate.services.failed(gate.owner.id, "examination", error),
  );
}

/**
 * Why an approval does not count for what the operation means now. Where that could not be found out when it was shown, it counts
 * only as long as it cannot be.
 */
async function staleBy(
  gate: SessionGate,
  examination: Examination | undefined,
  meanings: ReadonlySet<string | undefined>,
): Promise<Reason | undefined> {
  if (!examination?.meaning) return undefined;
  const now = await meaningOf(examination, gate.signal, (error) =>
    gate.services.failed(gate.owner.id, "examination", error),
  );
  if (meanings.size === 1 && meanings.has(now)) return undefined;
  return {
    code: "hold.stale",
    message:
      now === undefined
        ? "Whether this operation still means on the resource what was approved could not be found out."
        : meanings.has(undefined)
          ? "What this operation means on the resource could not be found out when it was shown, and now it can."
          : "What this operation names was defined anew on the resource while it waited: it is not what was approved.",
    hint: "Send it again.",
  };
}

/** The new policy's word on an operation that was approved under the old one. */
async function stillApproved(
  plan: SessionPlan,
  operation: Operation,
  approvers: readonly Identity[],
): Promise<Reason | undefined> {
  if (typeof plan.verdict === "object") return plan.verdict.deny;
  for (const watch of plan.ruling.watches) {
    const verdict: Verdict = watch.operation ? await watch.operation(operation) : "allow";
    if (verdict === "allow") continue;
    if ("deny" in verdict) return verdict.deny;
    if (!enough(verdict.hold, approvers)) {
      return {
        code: "hold.stale",
        message:
          "The policy changed while this operation waited, and now asks for another approver, or one more.",
        hint: "Send it again.",
      };
    }
  }
  return undefined;
}

/** The wire's views are gone by the time a person answers. */
function withLastingParameters(operation: Operation): Operation {
  return {
    ...operation,
    ...(operation.parameters ? { parameters: lasting(operation.parameters) } : {}),
    ...(operation.batch ? { batch: operation.batch.map(withLastingParameters) } : {}),
  };
}

function lasting(parameters: Parameters): Parameters {
  const values = Array.from({ length: parameters.length }, (_, index) => {
    const value = parameters.at(index);
    return value instanceof Uint8Array ? value.slice() : value;
  });
  const { bodies, types } = parameters;
  return {
    length: values.length,
    ...(types === undefined ? {} : { types: [...types] }),
    ...(bodies === undefined ? {} : { bodies }),
    at: (index) => values[index] ?? null,
  };
}
