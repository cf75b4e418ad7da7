import { type Message, type RawClient, status } from "../../../../test/raw.ts";
import { query, sync } from "../../wire/query.ts";
import type { Step } from "./sequence.ts";

/** What a caller saw of a sequence. */
export interface Seen {
  /** Message types in order, without what may come at any time. */
  readonly types: string;
  readonly statuses: string;
  readonly codes: readonly string[];
}

/** Sends the steps and reads all answers: one ReadyForQuery for each that waits, and one at the end. */
export async function play(client: RawClient, steps: readonly Step[]): Promise<Seen> {
  const messages: Message[] = [];
  let owed = 0;
  for (const { bytes, waits, reads } of steps) {
    client.send(bytes);
    if (reads === "Sync" || reads.startsWith("Query")) owed++;
    if (!waits) continue;
    for (; owed > 0; owed--) messages.push(...(await client.until("Z")));
  }
  client.send(sync, query("select 'the end'"));
  for (owed += 2; owed > 0; owed--) messages.push(...(await client.until("Z")));
  const asked = messages.filter(({ type }) => type !== "N" && type !== "S" && type !== "A");
  return {
    types: asked.map(({ type }) => type).join(""),
    statuses: asked.flatMap((message) => (message.type === "Z" ? status([message]) : [])).join(""),
    codes: asked.flatMap(({ type, body }) =>
      type === "E" ? (/\0C(\w{5})\0/.exec(body.toString("latin1"))?.[1] ?? "") : [],
    ),
  };
}
