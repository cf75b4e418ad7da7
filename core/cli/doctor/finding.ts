/** What one check found. */
export interface Finding {
  readonly check: string;
  readonly state: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do; present unless all is well. */
  readonly hint?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, state: "ok", message });
export const warn = (check: string, message: string, hint: string): Finding => ({
  check,
  state: "warn",
  message,
  hint,
});
export const fail = (check: string, message: string, hint: string): Finding => ({
  check,
  state: "fail",
  message,
  hint,
});
