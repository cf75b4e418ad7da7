import { afterAll, beforeAll, describe, expect } from "bun:test";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Canaries } from "../canary.ts";
import { Client } from "../fixtures/postern-memcached/testing/client.ts";
import {
  lacksMemcached,
  type Memcached,
  startMemcached,
} from "../fixtures/postern-memcached/testing/server.ts";
import { testWith } from "../needs.ts";
import { Installed, lacksNpm } from "./installed.ts";

const login = "gateway:canary-of-the-cache";
const policy = "cache.policy.ts";
const kit = testWith(lacksNpm, lacksMemcached);

describe("must hold 7: somebody else's protocol, installed from packed archives", () => {
  let operator: Installed;
  let server: Memcached;
  let port = 0;
  beforeAll(async () => {
    if (lacksNpm ?? lacksMemcached) return;
    operator = new Installed();
    await operator.install("test/fixtures/postern-memcached");
    const own = join(operator.folder, "node_modules/postern-memcached/policies", policy);
    copyFileSync(own, join(operator.folder, policy));
    server = await startMemcached(login);
  }, 240_000);
  afterAll(async () => {
    await operator?.close();
    await server?.stop();
  }, 30_000);

  kit(
    "its policy type-checks, and a misspelled resource does not",
    async () => {
      const include = JSON.stringify({ extends: "postern/tsconfig.json", include: ["*.policy.ts"] });
      operator.write("tsconfig.json", include);
      await operator.run("node_modules/.bin/tsc", "-p", ".");
      const right = readFileSync(join(operator.folder, policy), "utf8");
      operator.write("wrong.policy.ts", right.replace('on: "cache"', 'on: "cahce"'));
      const wrong = await operator.ends("node_modules/.bin/tsc", "-p", ".");
      expect(wrong.stdout).toContain("wrong.policy.ts");
      expect(wrong.stdout).toContain('"cahce"');
      expect(wrong.code).not.toBe(0);
    },
    60_000,
  );

  kit(
    "it passes the conformance there, and its own tests and policy tests",
    async () => {
      const tests = (await operator.ends(process.execPath, "test", "./node_modules/postern-memcached"))
        .stderr;
      expect(tests).toContain("the contract of a protocol: memcached");
      expect(tests).toMatch(/\n\s*0 fail\n/);
      expect(tests).not.toContain(" skip");
    },
    120_000,
  );

  kit(
    "through the installed gateway, a real memcached's values are masked and a deletion waits for approval",
    async () => {
      const environment = { CACHE_LOGIN: login, CACHE_PORT: `${server.port}`, CACHE_DOOR: "0" };
      port = await operator.serve(policy, environment);
      const token = async (subject: string, group: string) =>
        (await operator.postern("token", "mint", "--subject", subject, "--group", group)).trim();
      const caller = async (subject: string, group: string) => {
        const password = await token(subject, group);
        return Client.open({ host: "127.0.0.1", port, user: "cache", password });
      };
      const owner = await caller("olga", "owners");
      const value = '{"email":"ann@example.com","card":"4111111111111111","city":"Bern"}';
      expect(await owner.ask(`set user:1 0 0 ${value.length}\r\n${value}`)).toBe("STORED\r\n");
      expect(await owner.ask("get user:1")).toContain(value);

      const support = await caller("sam", "support");
      const shown = await support.ask("get user:1");
      expect(shown).toContain('"city":"Bern"');
      expect(await support.ask("delete user:1")).toStartWith("CLIENT_ERROR delete on user:1 is not allowed");
      expect(await support.ask("flush_all")).toStartWith("CLIENT_ERROR delete on * is not allowed");
      expect(support.received).not.toContain("ann@example.com");
      expect(support.received).not.toContain("4111111111111111");

      const deleted = owner.ask("delete user:1");
      const [hold] = await held();
      expect(hold).toMatchObject({ text: "delete user:1", resource: "cache" });
      expect(await support.ask("get user:1")).toContain('"city":"Bern"');
      operator.write("lead.token", await token("lea", "leads"));
      await operator.postern("approvals", "approve", hold?.id ?? "", "--token-file", "lead.token");
      expect(await deleted).toBe("DELETED\r\n");
      expect(await support.ask("get user:1")).toBe("END\r\n");
      for (const client of [owner, support]) client.close();

      const entries = await operator.postern("audit", "query", "--json");
      for (const kind of ["hold", "hold-ended", "denied", "operation"])
        expect(entries).toContain(`"${kind}"`);
      await operator.postern("audit", "verify");
      const secret = new Canaries("canary-of-the-cache");
      expect(secret.inFiles(join(operator.folder, "data"))).toEqual([]);
      expect(secret.inBytes("the log", Buffer.from(operator.logged))).toEqual([]);
      expect(secret.inCommandLines()).toEqual([]);
    },
    60_000,
  );

  async function held(): Promise<{ id: string; text: string; resource: string }[]> {
    for (;;) {
      const open = JSON.parse(await operator.postern("approvals", "list", "--json"));
      if (open.length > 0) return open;
    }
  }
});
