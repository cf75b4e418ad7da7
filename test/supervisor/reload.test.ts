import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import type { PolicyState } from "../../core/control/api.ts";
import { TestGateway } from "./gateway.ts";
import { Backend, LinesClient, linesPolicy } from "./lines.ts";

let backend: Backend;
let gateway: TestGateway;
beforeAll(async () => {
  backend = await Backend.start();
});
afterEach(async () => gateway.close());
afterAll(() => backend.close());

const policy = (may: string, more = "") => linesPolicy({ port: backend.port, may, more });
const state = () => gateway.get<PolicyState>("/v1/policy");

test("an edit is followed, a broken one is refused with its place, and mending it is followed", async () => {
  gateway = await TestGateway.start({ policy: policy('["read"]') });
  const first = await state();
  const client = await LinesClient.open(gateway.port("lines"), await gateway.token("alice"));
  await client.welcome();

  gateway.edit("export default gateway({ nonsense");
  const refused = await gateway.log(({ msg }) => msg === "the new policy was refused, the old one stays");
  expect(refused).toMatchObject({ serving: first.version });
  const broken = await state();
  expect(broken.version).toBe(first.version);
  expect(broken.error?.code).toBe("policy.syntax");
  expect(broken.error?.message).toContain(`${gateway.policyPath}:1:`);
  client.say("read one");
  expect([await client.next(), await client.next()]).toEqual(["did read one", "."]);

  gateway.edit(policy('["define"]'));
  await gateway.log(({ msg }) => msg === "the policy was reloaded");
  const mended = await state();
  expect(mended.error).toBeUndefined();
  expect(mended.version).not.toBe(first.version);
  client.say("read two");
  expect(await client.next()).toStartWith("error policy.denied");
  client.close();

  const entries = gateway.entries();
  expect(entries.flatMap((entry) => (entry.kind === "policy" ? [entry.version] : []))).toEqual([
    first.version,
    mended.version,
  ]);
  expect(entries).toContainEqual(
    expect.objectContaining({ kind: "policy-refused", message: expect.stringContaining(":1:") }),
  );
});

test("workers follow together or not at all", async () => {
  // Evaluated in the second worker of two, this policy throws; everywhere else it is good.
  gateway = await TestGateway.start({
    policy: policy('["read"]', "workers: 2, listen: undefined,").replace(
      "workers: 2, listen: undefined,",
      "workers: 2,",
    ),
  });
  const first = await state();
  const [, second] = await gateway.workers();
  gateway.edit(
    `if (process.pid === ${second?.pid}) throw new Error("not here");\n${policy('["define"]', "workers: 2,")}`,
  );
  await gateway.log(({ msg }) => msg === "the new policy was refused, the old one stays");
  expect((await state()).version).toBe(first.version);
  expect((await gateway.workers()).every(({ ready }) => ready)).toBe(true);
  for (let i = 0; i < 8; i++) {
    const { listeners } = await gateway.get<{ listeners: { port: number }[] }>("/v1/status");
    const client = await LinesClient.open(listeners[0]?.port ?? 0, await gateway.token("alice"));
    await client.welcome();
    client.say("read it");
    expect(await client.next()).toBe("did read it");
    client.close();
  }
});

test("what needs a restart is refused", async () => {
  gateway = await TestGateway.start({ policy: policy('["read"]') });
  const changes = { trail: '"strict"', workers: "2", store: '{ url: "http://127.0.0.1:1" }' };
  for (const [setting, value] of Object.entries(changes)) {
    gateway.edit(policy('["read"]', `${setting}: ${value},`));
    const answer = await gateway.post<{ code: string; message: string }>("/v1/policy/reload");
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      code: "policy.not-reloaded",
      message: expect.stringContaining(`\`${setting}\` changed`),
    });
  }
  gateway.edit(policy('["read"]'));
  expect((await gateway.post<PolicyState>("/v1/policy/reload")).body.error).toBeUndefined();
});

test("SIGHUP reloads", async () => {
  gateway = await TestGateway.start({ policy: policy('["read"]') });
  const { loadedAt } = await state();
  gateway.signal("SIGHUP");
  while ((await state()).loadedAt === loadedAt) await Bun.sleep(5);
  expect((await state()).error).toBeUndefined();
});

test("a policy that does not load keeps a gateway from starting", async () => {
  gateway = await TestGateway.start({ policy: policy('["read"]') });
  await gateway.stop();
  gateway.edit(policy('["reed"]'));
  await expect(gateway.start()).rejects.toThrow("policy.invalid");
  gateway.edit(policy('["read"]'));
  await gateway.start();
});
