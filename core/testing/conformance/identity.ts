import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type IdentityProvider,
  identityKey,
  NotAccepted,
  type OpenIdentityProvider,
} from "../../identity.ts";

export interface IdentitySubject {
  /** The provider as a policy would write it; what it asks must be there by then. */
  make(): IdentityProvider;
  /** A token that it accepts. */
  good(open: OpenIdentityProvider): Promise<string>;
  /** Tokens that are its own and must not be accepted, by what is wrong with them. */
  readonly bad?: Readonly<Record<string, (open: OpenIdentityProvider) => string | Promise<string>>>;
}

const elsewhere = [
  Buffer.from('{"alg":"RS256"}').toString("base64url"),
  Buffer.from('{"iss":"https://elsewhere.example","sub":"eve"}').toString("base64url"),
  Buffer.from("no signature").toString("base64url"),
].join(".");
const foreign = ["x", "alice", elsewhere, "a.b.c", "..", "\0", "e30.e30."];

/**
 * What the contract asks of an identity provider, as tests of the file that calls it.
 *
 * @example
 * identityProviderConformance({ make: () => badges({ url }), good: () => printBadge("alice") });
 */
export function identityProviderConformance({ make, good, bad = {} }: IdentitySubject): void {
  let open: OpenIdentityProvider;
  let dataDir = "";

  /** What became of a token: whom it proves, nobody's, or why it is refused. */
  async function outcome(token: string): Promise<string> {
    try {
      const identity = await open.identify(token);
      return identity ? `accepted as ${identity.subject}` : "not mine";
    } catch (error) {
      if (!(error instanceof NotAccepted)) throw error;
      if (token.length > 8) expect(error.message).not.toContain(token);
      return "not accepted";
    }
  }

  describe("the contract of an identity provider", () => {
    beforeAll(async () => {
      dataDir = mkdtempSync(join(tmpdir(), "postern-identity-"));
      open = await make().open({ dataDir, loopbackOnly: true });
    });
    afterAll(() => {
      open?.close?.();
      rmSync(dataDir, { recursive: true, force: true });
    });

    test("the factory only describes, and it opens more than once", async () => {
      expect(make()).not.toBe(make());
      expect(make().name).toMatch(/^[a-z]/);
      const again = await make().open({ dataDir, loopbackOnly: true });
      again.close?.();
      expect(await outcome(await good(open))).toStartWith("accepted");
    });

    test("a good token proves an identity, the same one each time", async () => {
      const token = await good(open);
      const identity = await open.identify(token);
      if (!identity) throw new Error("A good token proves nobody.");
      expect(identity.issuer).not.toBe("");
      expect(identity.subject).not.toBe("");
      expect(["person", "machine"]).toContain(identity.kind);
      for (const group of identity.groups) expect(group).toBeString();
      if (identity.expires !== undefined) expect(identity.expires).toBeGreaterThan(Date.now());
      expect(JSON.stringify(identity)).not.toContain(token);
      const many = await Promise.all(Array.from({ length: 20 }, () => open.identify(token)));
      for (const each of many) expect(each && identityKey(each)).toBe(identityKey(identity));
    });

    test("what it cannot know is not its own: another provider is asked", async () => {
      for (const token of foreign)
        expect([token.slice(0, 40), await outcome(token)]).toEqual([token.slice(0, 40), "not mine"]);
    });

    for (const [what, make] of Object.entries(bad)) {
      test(`not accepted: ${what}`, async () => {
        expect(await outcome(await make(open))).toBe("not accepted");
      });
    }

    test("a token of any length proves nobody, and costs no more than a look", async () => {
      for (const length of [4_096, 65_536]) {
        expect(await outcome("x".repeat(length))).not.toStartWith("accepted");
        expect(await outcome(`${elsewhere}${"x".repeat(length)}`)).not.toStartWith("accepted");
      }
    });

    test("a good token that is changed anywhere, or cut, proves nobody", async () => {
      const token = await good(open);
      const step = Math.max(1, Math.floor(token.length / 60));
      for (let at = 0; at < token.length; at += step) {
        // The last letter of a part may stand for fewer bits than it has.
        if (/^.?(\.|$)/.test(token.slice(at + 1))) continue;
        const other = token[at] === "A" ? "B" : "A";
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        expect([at, await outcome(changed)]).not.toEqual([at, expect.stringContaining("accepted as")]);
        expect(await outcome(token.slice(0, at))).not.toStartWith("accepted");
      }
    });

    test("a token that it mints is its own", async () => {
      if (!open.mint) return;
      const claims = { subject: "rob", groups: ["ci", "deploys"], kind: "machine", ttl: 60_000 } as const;
      const identity = await open.identify(await open.mint(claims));
      expect(identity).toMatchObject({ subject: "rob", groups: ["ci", "deploys"], kind: "machine" });
      expect(identity?.expires).toBeLessThanOrEqual(Date.now() + 60_000);
    });
  });
}
