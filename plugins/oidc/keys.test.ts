import { expect, test } from "bun:test";
import type { JSONWebKeySet, JWK } from "jose";
import { type ProviderKey, providerKey } from "../../test/servers/oidc.ts";
import { Keys } from "./keys.ts";

const [one, two] = await Promise.all([providerKey("one"), providerKey("two")]);
const header = ({ kid }: { kid: string }) => ({ alg: "RS256", kid });
const published = (...keys: ProviderKey[]): JSONWebKeySet => ({
  keys: keys.map(({ jwk: { kty, n, e, kid } }) => ({ kty, n, e, kid }) as JWK),
});

/** A provider whose answers the test gives, one by one. */
function answering(cooldown = 0) {
  const asked: { answer(set: JSONWebKeySet): void; fail(): Promise<void> }[] = [];
  let wake = Promise.withResolvers<void>();
  let now = 0;
  const keys = new Keys(
    "https://provider",
    () =>
      new Promise((answer, reject) => {
        asked.push({
          answer,
          async fail() {
            reject(new Error("out of order"));
            // Until it is taken in.
            await new Promise(setImmediate);
          },
        });
        wake.resolve();
        wake = Promise.withResolvers();
      }),
    cooldown,
    () => now,
  );
  return {
    keys,
    later: (ms: number) => {
      now += ms;
    },
    /** The nth question, when it is asked. */
    async question(at: number) {
      while (asked.length <= at) await wake.promise;
      const question = asked[at];
      if (!question) throw new Error("not asked");
      return question;
    },
    asked,
  };
}

test("known keys need no answer while the new set is on its way", async () => {
  const { keys, question, later } = answering();
  const first = keys.find(header(one));
  (await question(0)).answer(published(one));
  await first;
  later(1);
  const waiting = keys.find(header(two));
  await question(1);
  await keys.find(header(one));
  (await question(1)).answer(published(two, one));
  await waiting;
});

test("a token that came while keys were fetched is judged by keys fetched after it came", async () => {
  const { keys, question, later, asked } = answering();
  const first = keys.find(header(one));
  await question(0);
  later(1);
  const other = keys.find(header(two));
  (await question(0)).answer(published(one));
  await first;
  (await question(1)).answer(published(two, one));
  await other;
  expect(asked.length).toBe(2);
});

test("many callers share one fetch", async () => {
  const { keys, question, later, asked } = answering();
  const first = keys.find(header(one));
  (await question(0)).answer(published(one));
  await first;
  later(1);
  const many = Array.from({ length: 50 }, () => keys.find(header(two)));
  (await question(1)).answer(published(two));
  await Promise.all(many);
  expect(asked.length).toBe(2);
});

test("an outage: known keys work on, unknown ones are refused with what is wrong, for a day", async () => {
  const { keys, question, later } = answering();
  const first = keys.find(header(one));
  (await question(0)).answer(published(one));
  await first;
  later(11 * 60_000);
  await keys.find(header(one));
  await (await question(1)).fail();
  later(2_000);
  const unknown = keys.find(header(two)).catch((error: Error) => error.message);
  await (await question(2)).fail();
  expect(await unknown).toMatch(/https:\/\/provider gives no keys: out of order/);
  later(23 * 3_600_000);
  await keys.find(header(one));
  await (await question(3)).fail();
  later(3_600_000);
  const late = keys.find(header(one)).catch((error: Error) => error.message);
  await (await question(4)).fail();
  expect(await late).toMatch(/gives no keys/);
});

test("a key that was withdrawn stops counting once the keys are looked up again", async () => {
  const { keys, question, later } = answering();
  const first = keys.find(header(one));
  (await question(0)).answer(published(one));
  await first;
  later(11 * 60_000);
  await keys.find(header(one));
  (await question(1)).answer(published(two));
  await keys.find(header(two));
  later(1);
  const gone = keys.find(header(one));
  (await question(2)).answer(published(two));
  await expect(gone).rejects.toThrow(/no applicable key/);
});

test("a cool-down that a caller can bear is waited out, not answered with a refusal", async () => {
  let set = published(one);
  let asked = 0;
  const source = async () => {
    asked++;
    return set;
  };
  const keys = new Keys("https://provider", source, 30);
  await keys.find(header(one));
  set = published(two, one);
  await Promise.all([keys.find(header(two)), keys.find(header(two))]);
  expect(asked).toBe(2);
});
