import { expect, test } from "bun:test";
import { NotAccepted } from "./identity.ts";
import { createLog } from "./log.ts";
import { prettyLine } from "./log-line.ts";

function capture(pretty: boolean) {
  const lines: string[] = [];
  const log = createLog({ pretty, process: "worker-0", to: { write: (line) => lines.push(line) } });
  return { log, lines };
}

test("a line is one JSON object with level, time, process and the child's fields", () => {
  const { log, lines } = capture(false);
  log.child({ session: "ses_1" }).info({ rows: 3 }, "closed");
  const record = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  expect(record).toMatchObject({
    level: "info",
    process: "worker-0",
    session: "ses_1",
    rows: 3,
    msg: "closed",
  });
  expect(typeof record.time).toBe("number");
});

test("no secret leaves, by field name or by shape, also inside an error", () => {
  const { log, lines } = capture(false);
  const canary = "s3cr3t-canary-77";
  log.info({ password: canary, upstream: { token: canary } }, `to postgres://bob:${canary}@db/x`);
  log.error({ error: new Error(`login failed: Bearer ${canary}`) }, `password=${canary}`);
  log.info(`key -----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----`);
  log.warn(`token eyJhbGciOiJFZERTQSJ9.${canary}.${canary}`);
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    expect(line).not.toContain(canary);
    expect(() => JSON.parse(line)).not.toThrow();
  }
});

test("a fault has its stack, a refused credential none", () => {
  const { log, lines } = capture(false);
  log.info({ error: new NotAccepted("expired") }, "refused");
  log.info({ error: new Error("broken") }, "failed");
  const [refused, failed] = lines.map((line) => (JSON.parse(line) as { error: object }).error);
  expect(refused).toEqual({ type: "NotAccepted", message: "expired" });
  expect(failed).toHaveProperty("stack");
});

test("pretty lines cannot carry terminal control characters", () => {
  const { log, lines } = capture(true);
  log.info({ application: "evil\x1b[2Jname\nforged" }, "session opened");
  expect(lines[0]).toContain("session opened process=worker-0 application=evil?[2Jname?forged");
  expect(prettyLine("not json")).toBe("not json");
});
