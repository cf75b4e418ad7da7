import type { Duplex } from "node:stream";
import { BaseAgent, type ParsedKey } from "ssh2";

type Answer = (error?: Error | null, stream?: Duplex) => void;

/**
 * What the host reaches when it asks for the agent of whoever is logged in: the caller's own, where a relay has
 * been told by policy to offer it, and nobody's otherwise. It has no keys of the gateway's.
 */
export class AgentOfCallers extends BaseAgent<ParsedKey> {
  /** Opens a channel to the caller's agent; undefined: nobody may use it. */
  open: (() => Promise<Duplex>) | undefined;

  override getIdentities(answer: (error: Error | undefined, keys: ParsedKey[]) => void): void {
    answer(undefined, []);
  }

  override sign(...parameters: readonly unknown[]): void {
    const answer = parameters.at(-1) as (error: Error) => void;
    answer(new Error("the gateway signs nothing here"));
  }

  override getStream(answer: Answer): void {
    if (!this.open) return answer(new Error("no agent is forwarded"));
    this.open().then(
      (stream) => answer(null, stream),
      (error) => answer(error instanceof Error ? error : new Error("the agent cannot be reached")),
    );
  }
}
