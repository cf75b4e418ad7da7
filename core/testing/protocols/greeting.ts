import type { Arrival, Door } from "../../protocol.ts";
import type { Wire } from "../../wire.ts";
import { readLine } from "./line-stream.ts";

/** All three test protocols begin with `hello TOKEN RESOURCE`, answered by the relay with `welcome`. */
export async function greeted(caller: Wire, door: Door): Promise<Arrival> {
  const [, token = "", resource = ""] = (await readLine(caller)).split(" ");
  return { identity: await door.identify({ kind: "token", token }), resource };
}
