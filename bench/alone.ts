import type { Supervision } from "../core/supervision.ts";

/** A supervisor that is asked for nothing: what is measured in one process has none. */
export const alone: Supervision = {
  place: async () => undefined,
  sessionOpened() {},
  sessionClosed() {},
  holdOpened() {},
  holdApproved() {},
  holdEnded() {},
  credential: async () => undefined,
  credentialUsed: async () => undefined,
  leased: async () => "alone",
  released() {},
  loginFailed: async () => 0,
  beginLogin: async () => undefined,
  finishLogin: () => Promise.reject(new Error("nobody signs in here")),
  signOut: async () => {},
  trailRests() {},
  deliver: async () => {},
};
