import { createHash } from "node:crypto";
import type { Examined } from "./examining.ts";
import { type Identity, identityKey } from "./identity.ts";
import type { Operation, Parameters } from "./operation.ts";
import type { HeldStatement } from "./supervision.ts";
import type { Cut } from "./trail/cut.ts";

/** What is held. */
export interface HoldSubject {
  readonly session: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly operation: Operation;
  readonly examined: Examined;
  /** What the trail keeps of text and parameters; the approver sees both whole. */
  readonly trailText: Cut;
  readonly keepParameters: boolean;
}

/** One operation as its approver sees it; bytes of which the protocol knows no text as `\\x` and hexadecimal digits. */
export function statementShown({ text, parameters }: Operation): HeldStatement {
  const shown = parametersShown(parameters);
  if (!shown) return { text };
  return { text, parameters: shown, ...(parameters?.types ? { types: parameters.types } : {}) };
}

/** What an approval binds to: nothing that is shown of these can change unseen. */
export function digestOf({ identity, resource, operation, examined }: HoldSubject): string {
  const operations = [operation, ...(operation.batch ?? [])];
  const bound = operations.map((one) => {
    const { text, parameters = null, types = null } = statementShown(one);
    return [text, parameters, types, one.actions];
  });
  return createHash("sha256")
    .update(JSON.stringify([identityKey(identity), resource, bound, examined.meaning ?? null]))
    .digest("hex");
}

function parametersShown(parameters: Parameters | undefined): (string | null)[] | undefined {
  if (!parameters) return undefined;
  return Array.from({ length: parameters.length }, (_, index) => {
    const value = parameters.at(index);
    return value === null || typeof value === "string" ? value : `\\x${Buffer.from(value).toString("hex")}`;
  });
}
