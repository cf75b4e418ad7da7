import { afterEach, expect, test } from "bun:test";
import { Listeners } from "./listeners.ts";
import { createLog } from "./log.ts";
import type { ListenerConfig, Policy } from "./policy.ts";
import { connectWire } from "./socket.ts";

const log = createLog({ level: "silent" });
let listeners: Listeners;
const accepted: number[] = [];
afterEach(() => {
  listeners.stop();
  accepted.length = 0;
});

const start = () => {
  listeners = new Listeners(log, (caller, { port }) => {
    accepted.push(port);
    caller.write(Buffer.from("!"));
  });
};
const listen = (...more: Partial<ListenerConfig>[]) => {
  const listen = more.map((one) => ({
    protocol: "lines",
    host: "127.0.0.1",
    port: 0,
    insecure: true,
    ...one,
  }));
  return { listen, workers: 2 } as unknown as Policy;
};
const call = (port: number) => connectWire({ host: "127.0.0.1", port, timeout: 1000 });
const ports = () => listeners.addresses.map(({ port }) => port);

test("who comes before the policy is served waits for it, and is sent away when it is not wanted", async () => {
  start();
  const opened = listeners.prepare(listen({}), {});
  const [port = 0] = Object.values(listeners.chosen(opened));
  const early = await call(port);
  listeners.use(opened);
  expect((await early.read(1)).toString()).toBe("!");
  expect(accepted).toEqual([port]);

  const unwanted = listeners.prepare(listen({ resource: "other" }), {});
  const [other = 0] = Object.values(listeners.chosen(unwanted));
  const turned = await call(other);
  listeners.discard(unwanted);
  await expect(turned.read(1)).rejects.toMatchObject({ code: "wire.closed" });
  expect(accepted).toEqual([port]);
  await expect(call(other)).rejects.toMatchObject({ code: "wire.unreachable" });
});

test("what stays the same stays open, and what is chosen elsewhere is taken over", async () => {
  start();
  listeners.use(listeners.prepare(listen({}, { resource: "other" }), {}));
  const [first = 0, second = 0] = ports();
  const next = listeners.prepare(listen({}), {});
  listeners.use(next);
  expect(ports()).toEqual([first]);
  await expect(call(second)).rejects.toMatchObject({ code: "wire.unreachable" });

  const worker = new Listeners(log, () => {});
  worker.use(worker.prepare(listen({}), listeners.chosen(next)));
  expect(worker.addresses).toEqual(listeners.addresses);
  worker.stop();
});

test("one that cannot be opened leaves none of the others open", async () => {
  start();
  const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const wanted = listen({}, { port: taken.port });
  expect(() => listeners.prepare(wanted, {})).toThrow("Cannot listen");
  expect(ports()).toEqual([]);
  taken.stop(true);
});
