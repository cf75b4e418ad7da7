import { join } from "node:path";
import { postern } from "../../test/postern.ts";

/** PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The one that server and proxies all show, so that a handshake costs each of them the same arithmetic. */
export const certificateIn = (folder: string): Certificate => ({
  cert: join(folder, "server.crt"),
  key: join(folder, "server.key"),
});

export async function makeCertificate(folder: string): Promise<Certificate> {
  const made = await postern(["certs", "--out", folder]);
  if (made.code !== 0) throw new Error(made.stderr);
  return certificateIn(folder);
}
