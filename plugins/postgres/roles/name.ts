import { randomBytes } from "node:crypto";

/** `postern_` and 120 random bits: nobody guesses it, and nobody else has it by accident. */
export function newRoleName(): string {
  return `postern_${randomBytes(15).toString("hex")}`;
}

/** Whether it may be one that the gateway made; what is not is never touched. */
export function isRoleName(name: string): boolean {
  return /^postern_[0-9a-f]{30}$/.test(name);
}

/** What the comment of the role that was made under this lease begins with. */
export function markOf(lease: string): string {
  return `postern ${lease}: `;
}
