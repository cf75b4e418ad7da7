import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { Receiver } from "../../plugins/webhook/testing/receiver.ts";
import { TestGateway } from "./gateway.ts";
import { Backend, LinesClient, linesPolicy } from "./lines.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
setDefaultTimeout(20_000);
let backend: Backend;
let receiver: Receiver;
let gateway: TestGateway;
const opened: LinesClient[] = [];
beforeEach(async () => {
  backend = await Backend.start();
  receiver = new Receiver(secret);
  await receiver.up();
});
afterEach(async () => {
  for (const client of opened.splice(0)) client.close();
  await gateway.close();
  await receiver.down();
  backend.close();
});

const policyText = (options = "", always = "record()") =>
  linesPolicy({
    port: backend.port,
    head: 'import { env, webhook } from "postern/plugins";',
    more: `notify: [webhook({ url: ${JSON.stringify(receiver.url)}, secret: env("HOOK_SECRET")${options} })],`,
  }).replace("always: [record()]", `always: [${always}]`);

async function start(options?: string, always?: string): Promise<void> {
  gateway = await TestGateway.start({ policy: policyText(options, always), env: { HOOK_SECRET: secret } });
}

async function session(subject = "alice"): Promise<LinesClient & { id: string }> {
  const client = await LinesClient.open(gateway.port("lines"), await gateway.token(subject));
  opened.push(client);
  return Object.assign(client, { id: await client.welcome() });
}

/** `read` goes through as ever. */
async function serves(client: LinesClient): Promise<void> {
  client.say("read it");
  expect([await client.next(), await client.next()]).toEqual(["did read it", "."]);
}

const failures = () => gateway.entries().filter((entry) => entry.kind === "notify-failed");

test("a hold and its end, and a denial, are told, signed, under the id of their entry", async () => {
  await start();
  const client = await session();
  client.say("write it");
  const held = /hold_\w+/.exec((await client.next()) ?? "")?.[0];
  const holdOpened = await receiver.next(({ type }) => type === "hold.opened");
  expect(holdOpened.data).toMatchObject({
    hold: held,
    session: client.id,
    text: "write it",
    resource: "box",
  });
  client.say("cancel");
  expect(await client.next()).toStartWith("error hold.cancelled");
  const ended = await receiver.next(({ type }) => type === "hold.ended");
  expect(ended.data).toMatchObject({ hold: held, how: "cancelled", identity: { subject: "alice" } });
  client.say("delete it");
  const denied = await receiver.next(
    ({ type, data }) => type === "operation.denied" && data.text === "delete it",
  );
  expect(denied.data).toMatchObject({ session: client.id, reason: { code: "policy.denied" } });
  const ids = gateway.entries().map(({ stream, seq }) => `${stream}-${seq}`);
  expect(receiver.posted.every(({ id }) => ids.includes(id))).toBe(true);
  expect(receiver.raw).not.toContain(secret.slice(6));
  const metrics = await (await gateway.fetch("/metrics")).text();
  expect(metrics).toMatch(/postern_notices_total\{[^}]*result="delivered"\} \d/);
});

test("the text is what the trail keeps: redacted where the policy redacts", async () => {
  await start("", 'record({ statements: "redact" })');
  const client = await session();
  client.say("write it 'hunter2'");
  await receiver.next(({ type }) => type === "hold.opened");
  expect(receiver.raw).not.toContain("hunter2");
});

test("a refused login is told only where the policy asks for it, with the check that failed", async () => {
  await start(', events: ["login.refused"]');
  const client = await LinesClient.open(gateway.port("lines"), "no-token");
  opened.push(client);
  expect(await client.next()).toStartWith("error identity.refused");
  const told = await receiver.next(() => true);
  expect(told.data).toMatchObject({ protocol: "lines", check: "no identity provider knows this token" });
});

test("a receiver that fails is tried again, with the same id", async () => {
  receiver.manner = "fails";
  await start(', retry: ["20ms", "20ms", "20ms", "20ms", "20ms", "1h"]');
  const client = await session();
  client.say("delete it");
  expect(await client.next()).toStartWith("error policy.denied");
  const first = await receiver.next(() => true);
  receiver.posted.length = 0;
  const second = await receiver.next(() => true);
  expect(second.id).toBe(first.id);
  receiver.manner = "takes";
  await serves(client);
});

for (const manner of ["hangs", "fails", "down"] as const) {
  test(`a receiver that ${manner === "down" ? "is down" : manner} delays no caller; its failure is in the trail`, async () => {
    if (manner === "down") await receiver.down();
    else receiver.manner = manner;
    await start(', timeout: "50ms", retry: ["10ms"]');
    const client = await session();
    client.say("delete it");
    expect(await client.next()).toStartWith("error policy.denied");
    await serves(client);
    client.say("write it");
    const held = /hold_\w+/.exec((await client.next()) ?? "")?.[0] ?? "";
    const by = await gateway.token("lea", "leads");
    expect((await gateway.post(`/v1/approvals/${held}`, { approve: true }, by)).status).toBe(204);
    expect([await client.next(), await client.next()]).toEqual(["did write it", "."]);
    // In whichever order: a retry waits for a random moment.
    for (const name of ["operation.denied", "hold.ended"]) {
      await gateway.log(({ msg, event }) => msg === "a notice was given up" && event === name);
    }
    expect(failures()).toContainEqual(
      expect.objectContaining({ event: "operation.denied", attempts: 2, session: client.id, notices: 1 }),
    );
    const log = gateway.stderr + JSON.stringify(gateway.entries());
    expect(log).not.toContain("path-secret");
    expect(log).not.toContain(secret.slice(6));
    if (manner === "down") await receiver.up();
  });
}

test("an answer that comes late, but in time, counts once", async () => {
  receiver.manner = "hangs";
  await start(', timeout: "30s"');
  const client = await session();
  client.say("delete it");
  await receiver.next(() => true);
  receiver.answer();
  const delivered = /postern_notices_total\{[^}]*result="delivered"\} 1\n/;
  while (!delivered.test(await (await gateway.fetch("/metrics")).text())) await Bun.sleep(20);
  expect(receiver.posted).toHaveLength(1);
});

test("what the killed gateway left held is told as abandoned by the next one", async () => {
  await start();
  const client = await session();
  client.say("write it");
  const { data } = await receiver.next(({ type }) => type === "hold.opened");
  await gateway.kill();
  await gateway.start();
  const ended = await receiver.next(({ type }) => type === "hold.ended");
  expect(ended.data).toMatchObject({ hold: data.hold, how: "abandoned" });
  expect(receiver.posted.filter(({ type }) => type === "hold.opened")).toHaveLength(1);
});

test("a stop says in the trail what could not be delivered", async () => {
  receiver.manner = "fails";
  await start(', retry: ["1h"]');
  const client = await session();
  client.say("delete it");
  await receiver.next(() => true);
  expect(await gateway.stop()).toBe(0);
  expect(failures()).toMatchObject([{ why: "the gateway stopped", event: "operation.denied" }]);
});

test("a secret that is not there refuses the policy; the old one stays", async () => {
  await start();
  gateway.edit(policyText().replace("HOOK_SECRET", "NO_SUCH_SECRET"));
  const line = await gateway.log(({ msg }) => msg === "the new policy was refused, the old one stays");
  expect(line.reason).toMatchObject({ code: "secret.unavailable" });
  await serves(await session());
});
