import { type Identity, parties } from "../identity.ts";
import { oneLine } from "./terminal.ts";

/**
 * Who it is, for somebody who decides by it: `u-17 "Ada"`, `agent-7 for u-17 "Ada"`. A provider may let everybody
 * choose the name that it shows of them; the subject is what rules go by.
 */
export function whoIs(identity: Identity): string {
  return parties(identity)
    .map(({ subject, name }) =>
      name === undefined || name === subject ? subject : `${subject} ${JSON.stringify(name)}`,
    )
    .map(oneLine)
    .join(" for ");
}

/** The issuers of all that are in it. */
export function issuersOf(identity: Identity): string {
  return [...new Set(parties(identity).map(({ issuer }) => oneLine(issuer)))].join(", ");
}
