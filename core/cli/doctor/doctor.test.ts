import { expect, test } from "bun:test";
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { Status } from "../../control/api.ts";
import { takeLock } from "../../supervisor/lock.ts";
import { cli, FakeControl } from "../testing/cli.ts";
import type { Finding } from "./finding.ts";
import { bunVersion } from "./machine.ts";
import { policyAndResources } from "./policy.ts";

const status: Status = {
  version: "0.1.0",
  pid: 7,
  startedAt: 0,
  uptime: 65,
  dataDir: "unused",
  policy: { path: "/nowhere.ts", version: "abc", files: [], loadedAt: 0 },
  workers: [{ worker: 0, pid: 8, ready: true, trail: "ok" }],
  listeners: [{ protocol: "postgres", host: "127.0.0.1", port: 5432 }],
  sessions: 0,
  holds: 0,
  trail: { state: "ok", unflushed: 0 },
};
const by = (out: string, check: string) => (JSON.parse(out) as Finding[]).find((one) => one.check === check);

test("looks at the gateway that answers, and at the policy that it serves", async () => {
  await using control = new FakeControl(() => status);
  chmodSync(join(control.dataDir, "control.sock"), 0o600);
  const { code, out, err } = await control.cli(["doctor", "--json"]);
  expect(by(out, "gateway")).toEqual({
    check: "gateway",
    state: "ok",
    message: "process 7 serves postgres 127.0.0.1:5432 for 1m 5s",
  });
  expect(by(out, "control socket")?.state).toBe("ok");
  expect(by(out, "policy")).toMatchObject({ state: "fail", message: expect.stringContaining("/nowhere.ts") });
  expect([code, JSON.parse(err).error.code]).toEqual([1, "doctor.failed"]);
});

test("fails on what lets others in, and on a part that is down", async () => {
  await using control = new FakeControl(() => ({
    ...status,
    trail: { state: "dead", unflushed: 3 },
    storeFailed: "gone",
  }));
  chmodSync(join(control.dataDir, "control.sock"), 0o666);
  chmodSync(control.dataDir, 0o755);
  const { out } = await control.cli(["doctor", "--json"]);
  expect(by(out, "control socket")).toMatchObject({
    state: "fail",
    hint: expect.stringContaining("chmod 600"),
  });
  expect(by(out, "data folder")).toMatchObject({ state: "fail", hint: `chmod 700 ${control.dataDir}` });
  expect(by(out, "store")?.state).toBe("fail");
  expect(by(out, "trail")?.state).toBe("fail");
});

test("tells a gateway that hangs from none, and leaves no lock behind", async () => {
  const control = new FakeControl(() => status);
  await control[Symbol.asyncDispose]();
  const path = join(control.dataDir, "lock");
  const none = await cli(["doctor", "--data", control.dataDir, "--json"]);
  expect(by(none.out, "gateway")?.message).toBe("none runs on this data folder");
  expect(existsSync(path)).toBe(false);
  const holder = Bun.spawn(
    [
      process.execPath,
      "-e",
      `
    const { takeLock } = await import(${JSON.stringify(join(import.meta.dir, "../../supervisor/lock.ts"))});
    takeLock(${JSON.stringify(path)});
    console.log("held");
    await new Promise(() => setInterval(() => {}, 1000));
  `,
    ],
    { stdout: "pipe" },
  );
  await holder.stdout.getReader().read();
  const { out } = await cli(["doctor", "--data", control.dataDir, "--json"]);
  expect(by(out, "gateway")).toMatchObject({
    state: "fail",
    message: expect.stringContaining(`process ${holder.pid}`),
  });
  holder.kill();
  await holder.exited;
  const lock = takeLock(path);
  expect("release" in lock).toBe(true);
});

test("says what to do, line by line", async () => {
  const { out } = await cli(["doctor", "--data", "/nowhere/postern"]);
  expect(out).toContain(
    "warn  data folder: /nowhere/postern is not there\n      The first `postern serve` makes it",
  );
});

test("another Bun than ours is worth a warning", () => {
  expect(bunVersion().state).toBe("ok");
  expect(bunVersion("1.0.0").state).toBe("warn");
});

test("a policy that does not load is one finding, with its own hint", async () => {
  expect(await policyAndResources("/nowhere.ts", "/nowhere")).toEqual([
    {
      check: "policy",
      state: "fail",
      message: expect.stringContaining("/nowhere.ts"),
      hint: expect.any(String),
    },
  ]);
});
