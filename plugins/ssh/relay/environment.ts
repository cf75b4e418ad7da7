import { defaultEnv } from "../config.ts";

const longestValue = 8_192;

/** Whether a caller may set this variable at the host: an allow-list of names, `*` for any run of characters. */
export function mayBeSet(name: string, value: string, allowed: readonly string[] = defaultEnv): boolean {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.length > longestValue || value.includes("\0"))
    return false;
  return allowed.some((pattern) => {
    const parts = pattern.split("*").map((part) => part.replaceAll(/[^A-Za-z0-9_]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`).test(name);
  });
}
