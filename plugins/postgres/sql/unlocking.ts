import { constant, list, text, unwrap } from "./node.ts";

/** The trait of an action that may let a transaction write, where the session's are read-only. */
export const unlocking = "read-write";

const settings: ReadonlySet<string> = new Set(["default_transaction_read_only", "transaction_read_only"]);

/** Of a setting, given this value: only what clearly says read-only does not. */
export function unlockingBy(setting: string, values: readonly string[] | undefined): readonly string[] {
  if (!settings.has(setting.toLowerCase())) return [];
  return values?.length === 1 && /^(on|true|yes|1)$/i.test(values[0] ?? "") ? [] : [unlocking];
}

/** Of the modes of BEGIN, START and SET TRANSACTION: READ WRITE is among them. */
export function unlockingIn(modes: unknown): readonly string[] {
  const writes = list(modes).some((mode) => {
    const { defname, arg } = unwrap(mode)?.node ?? {};
    return text(defname) === "transaction_read_only" && constant(arg) !== "1";
  });
  return writes ? [unlocking] : [];
}
