import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { connect } from "node:tls";
import { Listeners } from "./listeners.ts";
import type { Log } from "./log.ts";
import type { ListenerConfig, Policy } from "./policy.ts";
import type { ListenerInfo } from "./protocol.ts";
import { connectWire } from "./socket.ts";
import { TestCertificates } from "./tls/testing/certificates.ts";

let certificates: TestCertificates;
let listeners: Listeners | undefined;
beforeAll(async () => {
  certificates = await TestCertificates.make();
});
afterEach(() => listeners?.stop());
afterAll(() => certificates[Symbol.dispose]());

const log = { info() {}, error() {} } as unknown as Log;
const policy = (...listen: ListenerConfig[]) => ({ listen, workers: 1 }) as unknown as Policy;

function opened(accepted: (listener: ListenerInfo) => void): Listeners {
  listeners = new Listeners(log, (caller, listener) => {
    accepted(listener);
    caller.secure({ alpn: "lines" }).then(
      () => caller.end(),
      () => caller.destroy(),
    );
  });
  return listeners;
}

function subject(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", () => resolve("none"));
  });
}

test("a listener whose settings change keeps its port, and follows them once they are served", async () => {
  const seen: ListenerInfo[] = [];
  const own = opened((listener) => seen.push(listener));
  const plain = { protocol: "lines", host: "127.0.0.1", port: 0, insecure: true };
  own.use(own.prepare(policy(plain), {}));
  const port = own.addresses[0]?.port ?? 0;
  const fixed = { ...plain, port };
  listeners?.stop();
  own.use(own.prepare(policy(fixed), {}));
  expect(await subject(port)).toBe("none");

  const none = { names: {}, clientCertificates: "none" } as const;
  const first = {
    ...fixed,
    insecure: false,
    tls: { ...(await certificates.server("first.example")), ...none },
  };
  const second = { ...first, tls: { ...(await certificates.server("second.example")), ...none } };
  const prepared = own.prepare(policy(first), {});
  expect(await subject(port)).toBe("none");
  own.use(prepared);
  expect(await subject(port)).toBe("first.example");
  expect(seen.map(({ insecure }) => insecure)).toEqual([true, true, false]);

  own.discard(own.prepare(policy(second), {}));
  expect(await subject(port)).toBe("first.example");
  own.use(own.prepare(policy(second), {}));
  expect(await subject(port)).toBe("second.example");
  own.use(own.prepare(policy(), {}));
  const gone = connectWire({ host: "127.0.0.1", port, timeout: 1_000 });
  expect(await gone.catch((error: { code: string }) => error.code)).toBe("wire.unreachable");
});

test("certificates that cannot be used open nothing", () => {
  const own = opened(() => {});
  const tls = { cert: "/nowhere.crt", key: "/nowhere.key", names: {}, clientCertificates: "none" } as const;
  const plain = { protocol: "lines", host: "127.0.0.1", port: 0, insecure: true };
  expect(() => own.prepare(policy(plain, { ...plain, insecure: false, tls }), {})).toThrow("/nowhere.crt");
  expect(own.addresses).toEqual([]);
});
