import { expect, test } from "bun:test";
import type { EndingWish } from "../ending.ts";
import type { Identity } from "../identity.ts";
import { createLog } from "../log.ts";
import { somebody } from "../policy/fixture.ts";
import { keepProof } from "../revalidation.ts";
import { Resting } from "./resting.ts";

const log = createLog({ level: "silent" });

/** Somebody whose provider answers like this. */
function proved(more: Partial<Identity>, ask: () => Promise<string | undefined>): Identity {
  const identity = { ...somebody("ada"), ...more };
  keepProof(identity, { identify: async () => identity, revalidation: { every: 1, ask } }, "token");
  return identity;
}

test("what was issued from a token ends when its provider gives that up, however much that was", async () => {
  const ended = Promise.withResolvers<EndingWish>();
  let asked = 0;
  const ask = async () => (++asked < 3 ? undefined : "It was withdrawn.");
  const resting = new Resting(async (wish) => ended.resolve(wish), log);
  for (const id of ["pc_1", "pc_2"]) resting.watch(id, proved({ credentialId: "jti-1" }, ask));
  expect(await ended.promise).toMatchObject({
    of: { kind: "credential", id: "jti-1" },
    reason: { code: "session.revalidation" },
  });
  expect(asked).toBe(3);
});

test("a token without an id ends by the credential that was issued from it", async () => {
  const ended = Promise.withResolvers<EndingWish>();
  const { credentialId: _, ...nameless } = proved({}, async () => undefined);
  const resting = new Resting(async (wish) => ended.resolve(wish), log);
  resting.watch(
    "pc_1",
    proved(nameless, async () => "It was withdrawn."),
  );
  expect((await ended.promise).of).toEqual({ kind: "credential", id: "pc_1" });
});

test("nobody is asked of a token that is over, nor where the provider does not want to be", async () => {
  let asked = 0;
  const ask = async () => void asked++ as undefined;
  const failing = async () => {
    throw new Error("ended");
  };
  const resting = new Resting(failing, log);
  resting.watch("pc_1", somebody("bo"));
  resting.watch("pc_2", proved({ expires: Date.now() }, ask));
  const lasting = Promise.withResolvers<void>();
  resting.watch(
    "pc_3",
    proved({ credentialId: "jti-3" }, async () => void lasting.resolve() as undefined),
  );
  await lasting.promise;
  expect(asked).toBe(0);
});
