import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Policy } from "../policy.ts";
import type { HoldAnswer, HoldInfo } from "../supervision.ts";
import { type MemoryTrail, namedIdentities, Rig } from "./rig.ts";

/** For a policy under test. Tokens are `alice` or `alice:support,leads`; `bad` is not accepted. */
export const testIdentities = namedIdentities;

/** A real gateway in the process of the test: no supervisor, and its trail in memory. */
export class TestGateway {
  readonly #dataDir = mkdtempSync(join(tmpdir(), "postern-test-"));
  readonly #rig = new Rig({ dataDir: this.#dataDir });
  private constructor(public policy: Policy) {}

  /**
   * Listens as the policy says.
   *
   * @example
   * const door = await TestGateway.open(gateway({ listen: { memcached: { port: 0, insecure: true } }, … }));
   * const client = connect(door.port);
   * expect(door.trail.of("denied")).toHaveLength(1);
   */
  static async open(policy: Policy): Promise<TestGateway> {
    const door = new TestGateway(policy);
    await door.follow(policy);
    return door;
  }

  /** Of the first listener. */
  get port(): number {
    return this.#rig.gateway.addresses[0]?.port ?? 0;
  }

  get trail(): MemoryTrail {
    return this.#rig.trail;
  }

  /** Reloads: `{ ...door.policy, version: "2", rules }`. */
  async follow(policy: Policy): Promise<void> {
    await this.#rig.follow(policy);
    this.policy = policy;
  }

  /** The next operation that is held. */
  async hold(): Promise<HoldInfo> {
    const [hold] = (await once(this.#rig.events, "hold")) as [HoldInfo];
    return hold;
  }

  settle(hold: string, answer: HoldAnswer): Promise<{ refused?: string }> {
    return this.#rig.gateway.settle(hold, answer);
  }

  async stop(): Promise<void> {
    await this.#rig.stop();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}
