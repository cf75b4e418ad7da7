import { join } from "node:path";
import { startProgram } from "../program.ts";
import type { Peer } from "./peers/peer.ts";

const entry = join(import.meta.dir, "quiet-server.entry.ts");

export const hasQuietServer = ({ idle }: Peer): boolean => idle !== undefined;

/** A database behind the peer that costs nothing: nobody logs in there, no process is made for a session, and it answers no query. */
export async function withQuietServer<Result>(
  peer: Peer,
  act: (quiet: Peer) => Promise<Result>,
): Promise<Result> {
  const { database, port } = peer.idle ?? { database: "", port: 0 };
  const server = await startProgram(process.execPath, [entry, `${port}`], port);
  try {
    return await act({ ...peer, database });
  } finally {
    await server.close();
  }
}
