import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../id.ts";

/** Tells this gateway from the others that share its store: made once, kept in the data folder. */
export function gatewayId(dataDir: string): string {
  const path = join(dataDir, "gateway.id");
  if (!existsSync(path)) writeFileSync(path, `${newId("gw")}\n`, { mode: 0o600 });
  return readFileSync(path, "utf8").trim();
}
