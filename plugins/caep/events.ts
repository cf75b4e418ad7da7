/** What an event does here. */
export interface Effect {
  readonly does: "end" | "block" | "lift";
  /** What the callers read whom it ends. */
  readonly code: "access.revoked" | "access.deactivated";
  readonly message: string;
}

const revoked: Effect = {
  ...{ does: "end", code: "access.revoked" },
  message: "Your identity provider revoked your session.",
};
const credential: Effect = {
  ...{ does: "end", code: "access.revoked" },
  message: "Your credentials at your identity provider changed.",
};
const disabled: Effect = {
  ...{ does: "block", code: "access.deactivated" },
  message: "Your account was disabled by your identity provider.",
};
const enabled: Effect = { ...disabled, does: "lift" };

const caep = "https://schemas.openid.net/secevent/caep/event-type";
const risc = "https://schemas.openid.net/secevent/risc/event-type";

/** OpenID CAEP 1.0, section 3; RISC Profile 1.0, section 2. */
const effects = new Map<string, Effect>([
  [`${caep}/session-revoked`, revoked],
  [`${caep}/credential-change`, credential],
  [`${risc}/sessions-revoked`, revoked],
  [`${risc}/account-credential-change-required`, credential],
  [`${risc}/account-disabled`, disabled],
  [`${risc}/account-purged`, disabled],
  [`${risc}/account-enabled`, enabled],
]);

/** undefined: nothing; an event that a receiver does not know is to be ignored (RFC 8417, 2). */
export function effectOf(uri: string, event: unknown): Effect | undefined {
  const effect = effects.get(uri);
  // A further credential takes nothing from those that were there.
  const added =
    typeof event === "object" && event !== null && "change_type" in event && event.change_type === "create";
  return effect === credential && added ? undefined : effect;
}
