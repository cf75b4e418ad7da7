import { expect, test } from "bun:test";
import { checkLaunch } from "./known.ts";

const clients = [{ program: "psql", variables: ["PGHOST", "PGPASSWORD", "PGSERVICE"] }];
const launch = { command: ["psql"], environment: { PGHOST: "db", PGPASSWORD: "p" }, without: ["PGSERVICE"] };
const code = (wish: Partial<typeof launch>) => {
  try {
    checkLaunch({ ...launch, ...wish }, clients);
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test("what a plugin's own client needs is started", () => {
  expect(code({})).toBeUndefined();
});

test.each([
  { command: ["sh"] },
  { command: ["psql", "-c", "\\! id"] },
  { command: ["/tmp/psql"] },
  { command: [] },
  { environment: { PGHOST: "db", PGPASSWORD: "p", LD_PRELOAD: "/tmp/x.so" } },
  { environment: { PGHOST: "db", PGPASSWORD: "p", PSQLRC: "/tmp/rc" } },
  { environment: { PGHOST: "db", PGPASSWORD: "p", PATH: "/tmp" } },
  { without: ["HOME"] },
] as Partial<typeof launch>[])("a gateway cannot make this machine run something else: %j", (wish) => {
  expect(code(wish)).toBe("connect.unknown-client");
});
