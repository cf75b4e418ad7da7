import { expect, test } from "bun:test";
import { once } from "node:events";
import type { Identity } from "./identity.ts";
import { createLog } from "./log.ts";
import type { Reason } from "./operation.ts";
import { keepProof, Revalidation } from "./revalidation.ts";
import type { Session } from "./session.ts";

const log = createLog({ level: "silent" });
type Ask = (identity: Identity, token: string) => Promise<string | undefined>;

/** A session of somebody whose provider answers like this. */
function session(ask: Ask, kind: Identity["kind"] = "person") {
  const identity: Identity = { issuer: "https://a", subject: "alice", kind, groups: [] };
  keepProof(identity, { identify: async () => identity, revalidation: { every: 1, ask } }, "token-of-alice");
  const abort = new AbortController();
  const made = { id: "ses_1", identity, end: (reason: Reason) => abort.abort(reason) } as unknown as Session;
  return { made, signal: abort.signal };
}

test("a login that does not hold any more ends its session; before, it goes on", async () => {
  const tokens: string[] = [];
  const { made, signal } = session(async (_, token) =>
    tokens.push(token) < 4 ? undefined : "It was withdrawn.",
  );
  new Revalidation(log).watch(made);
  await once(signal, "abort");
  expect(signal.reason).toMatchObject({
    code: "session.revalidation",
    message: expect.stringContaining("withdrawn"),
  });
  expect(tokens).toEqual(Array(4).fill("token-of-alice"));
});

test("a provider that cannot be asked ends it once the grace is over, not before; an answer begins it anew", async () => {
  let asked = 0;
  const failing: Ask = async () => {
    if (++asked === 5) return undefined;
    throw new Error("down");
  };
  const patient = session(failing);
  const never = new Revalidation(log, 60_000);
  never.watch(patient.made);
  while (asked < 8) await Bun.sleep(1);
  never.forget(patient.made);
  expect(patient.signal.aborted).toBe(false);
  const { made, signal } = session(() => Promise.reject(new Error("down")));
  new Revalidation(log, 0).watch(made);
  await once(signal, "abort");
  expect(signal.reason).toMatchObject({ code: "session.revalidation-failed" });
});

test("only so many are asked at the same time, and all of them in the end", async () => {
  const revalidation = new Revalidation(log);
  let open = 0;
  let most = 0;
  const answers: (() => void)[] = [];
  const ask: Ask = async () => {
    most = Math.max(most, ++open);
    await new Promise<void>((resolve) => answers.push(resolve));
    open--;
    return "over";
  };
  const all = Array.from({ length: 20 }, () => session(ask));
  for (const { made } of all) revalidation.watch(made);
  const ended = Promise.all(all.map(({ signal }) => once(signal, "abort")));
  const answering = setInterval(() => answers.shift()?.(), 1);
  await ended;
  clearInterval(answering);
  expect(most).toBeLessThanOrEqual(8);
});

test("nobody asks about a machine, or of a session that has closed", async () => {
  let asked = 0;
  const ask: Ask = async () => void asked++;
  const revalidation = new Revalidation(log);
  revalidation.watch(session(ask, "machine").made);
  const { made } = session(ask);
  revalidation.watch(made);
  revalidation.forget(made);
  const witness = session(async () => "over");
  revalidation.watch(witness.made);
  await once(witness.signal, "abort");
  expect(asked).toBe(0);
});
