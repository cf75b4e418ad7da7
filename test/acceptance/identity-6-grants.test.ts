import { afterAll, beforeAll, describe, expect } from "bun:test";
import { needs, testWith } from "../needs.ts";
import { type LibsqlServer, startLibsql } from "../servers/libsql.ts";
import { type GrantsDoor, grantsPolicy, openGrantsDoors } from "./grants-door.ts";

const lacks = [needs.postgres18, needs.psql] as const;
const write = "insert into orders select coalesce(max(id), 0) + 1, 'by grant' from orders";

describe("must hold 6: access on request", () => {
  let door: GrantsDoor;
  let lea: string;
  let kim: string;
  beforeAll(async () => {
    if (lacks.some(Boolean)) return;
    [door] = (await openGrantsDoors(1)) as [GrantsDoor];
    lea = await door.mint("lea", "leads");
    kim = await door.mint("kim", "leads");
  }, 60_000);
  afterAll(() => door?.close());

  async function granted(token: string, ...args: string[]) {
    const { request } = await door.request(token, ...args);
    const approved = await door.as(lea, "approvals", "approve", request.id);
    expect(approved).toMatchObject({ code: 0, stderr: "" });
    const [grant] = (await door.grants()).filter((one) => one.request === request.id);
    if (!grant) throw new Error("no grant is open");
    return grant;
  }

  testWith(...lacks)("a denial says how to ask, and on approval the operation passes", async () => {
    const sam = await door.mint("sam", "support");
    const denied = await door.psql(sam, write);
    expect(denied.stderr).toContain("write on public.orders is not allowed on shop for sam");
    expect(denied.stderr).toContain('postern request shop --for 1h --because "…"');
    expect(denied.stderr).toContain("up to 2h; approved by group leads");
    const { request } = await door.request(sam, "shop", "--for", "10m", "--because", "wrong totals");
    expect(request).toMatchObject({
      resource: "shop",
      rules: ["fix orders"],
      for: 600_000,
      by: "group leads",
    });
    expect((await door.psql(sam, write)).code).not.toBe(0);
    const listed = await door.postern("approvals", "list");
    expect(listed.stdout).toContain(request.id);
    expect(listed.stdout).toContain("access for 10m (rule fix orders): wrong totals");
    const approved = await door.as(lea, "approvals", "approve", request.id, "--because", "CHG-1");
    expect(approved.code).toBe(0);
    expect(await door.psql(sam, write)).toMatchObject({ code: 0, stderr: "" });
    // It is for exactly who asked.
    expect((await door.psql(await door.mint("eve", "support"), write)).code).not.toBe(0);
    const agent = await door.mint("planner", "agents", { for: sam });
    expect((await door.psql(agent, write)).code).not.toBe(0);
    // Used once.
    expect((await door.as(kim, "approvals", "approve", request.id)).stderr).toContain("[approval.refused]");
    const [opened] = door.entries("grant-opened").filter((entry) => entry.request === request.id);
    expect(opened).toMatchObject({
      rules: ["fix orders"],
      by: [{ subject: "lea" }],
      because: "wrong totals",
    });
    expect(door.entries("grant-answered").filter((entry) => entry.request === request.id)).toMatchObject([
      { how: "approved", by: { subject: "lea" }, because: "CHG-1" },
    ]);
  });

  testWith(...lacks)(
    "its end closes what used it, a running statement too, and nothing else",
    async () => {
      const sam = await door.mint("sue", "support");
      const grant = await granted(sam, "shop", "--for", "5s");
      const beside = door.psql(sam, "select pg_sleep(7), 'beside the grant'");
      await door.until("it runs", async () => (await door.running("beside the grant")) === 1);
      const used = door.psql(sam, `${write}; select pg_sleep(60), 'under the grant'`);
      const { code, stderr } = await used;
      expect(code).not.toBe(0);
      expect(stderr).toContain("57P01");
      expect(stderr).toContain("The grant on which the session rests has ended (rule fix orders)");
      expect(Date.now()).toBeGreaterThanOrEqual(grant.until);
      await door.until("it ends at the server", async () => (await door.running("under the grant")) === 0);
      expect((await beside).stdout).toContain("beside the grant");
      expect((await door.psql(sam, write)).code).not.toBe(0);
      await door.until("the trail has its end", async () =>
        door.entries("grant-ended").some((entry) => entry.grant === grant.id && entry.how === "expired"),
      );
      const closed = door.entries("close").filter(({ reason }) => reason.code === "grant.ended");
      expect(closed).toHaveLength(1);
    },
    30_000,
  );

  testWith(...lacks)(
    "who has it gives it back, and an operator revokes it",
    async () => {
      const sam = await door.mint("tom", "support");
      const eve = await door.mint("eve", "support");
      for (const end of [
        (id: string) => door.as(sam, "grants", "end", id),
        (id: string) => door.postern("revoke", id),
      ]) {
        const grant = await granted(sam, "shop", "--for", "1h");
        const used = door.psql(sam, `${write}; select pg_sleep(60), 'given back'`);
        await door.until("it runs", async () => (await door.running("given back")) === 1);
        expect((await door.as(eve, "grants", "end", grant.id)).stderr).toContain("[grant.unknown]");
        expect(await end(grant.id)).toMatchObject({ code: 0 });
        expect((await used).stderr).toContain("has ended");
        await door.until("it ends at the server", async () => (await door.running("given back")) === 0);
        expect((await door.grants()).some(({ id }) => id === grant.id)).toBe(false);
      }
    },
    30_000,
  );

  testWith(...lacks)(
    "the requester cannot approve it, by whichever identity, nor an agent of theirs",
    async () => {
      const person = "sam@example.com";
      const sam = await door.mint("pam", "support", { person });
      const { request } = await door.request(sam, "shop");
      const attackers = {
        "the requester, in the right group": await door.mint("pam", "leads"),
        "the same person's second identity": await door.mint("sam-admin", "leads", {
          person: "Sam@Example.com",
        }),
        "an agent acting for them": await door.mint("planner", "leads", { for: sam }),
        "an agent acting for their second identity": await door.mint("planner", "leads", {
          for: await door.mint("sam-admin", "leads", { person }),
        }),
        "somebody of another group": await door.mint("eve", "support"),
        "an agent that is allowed for somebody who is not": await door.mint("planner", "leads", {
          for: await door.mint("eve", "support"),
        }),
      };
      for (const [who, token] of Object.entries(attackers)) {
        const { code, stderr } = await door.as(token, "approvals", "approve", request.id);
        expect([who, code, stderr]).toEqual([who, 1, expect.stringContaining("[approval.refused]")]);
      }
      const wrong = await door.as(lea, "approvals", "approve", request.id, "--digest", "0".repeat(64));
      expect(wrong.stderr).toContain("[approval.refused]");
      expect((await door.psql(sam, write)).code).not.toBe(0);
      expect((await door.grants()).some((grant) => grant.request === request.id)).toBe(false);
      expect((await door.as(lea, "approvals", "deny", request.id)).code).toBe(0);
      expect((await door.as(kim, "approvals", "approve", request.id)).stderr).toContain("[approval.refused]");
    },
    30_000,
  );

  testWith(...lacks)(
    "an agent's request is approved by nobody of its chain; its grant is for that chain",
    async () => {
      const sam = await door.mint("sam", "support");
      const agent = await door.mint("planner", "agents", { for: sam });
      const { request } = await door.request(agent, "shop", "--for", "1m");
      const executor = await door.mint("executor", "leads", { for: agent });
      for (const token of [await door.mint("sam", "leads"), await door.mint("planner", "leads"), executor]) {
        expect((await door.as(token, "approvals", "approve", request.id)).stderr).toContain(
          "[approval.refused]",
        );
      }
      expect((await door.as(lea, "approvals", "approve", request.id)).code).toBe(0);
      expect(await door.psql(agent, write)).toMatchObject({ code: 0 });
      expect((await door.psql(await door.mint("other", "agents", { for: sam }), write)).code).not.toBe(0);
    },
    30_000,
  );

  testWith(...lacks)(
    "two approvers are two persons; reason, ticket and length are as the rule asks",
    async () => {
      const sam = await door.mint("sam", "support");
      const refused = await door.psql(sam, "select 1", "vault");
      expect(refused.stderr).toContain("postern request vault");
      expect(refused.stderr).toContain("two of group leads");
      const asks = ["--because", "audit", "--ticket", "OPS-7"];
      for (const [flags, code] of [
        [[], "grant.reason"],
        [["--because", "audit"], "grant.ticket"],
        [["--because", "audit", "--ticket", "OPS-7 "], "grant.ticket"],
        [[...asks, "--for", "61m"], "grant.too-long"],
        [[...asks, "--break-glass"], "grant.no-break-glass"],
        [[...asks, "--rule", "emergency"], "grant.none"],
      ] as const) {
        await expect(door.request(sam, "vault", ...flags)).rejects.toThrow(code);
      }
      const { request } = await door.request(sam, "vault", ...asks);
      const first = await door.mint("lea", "leads", { person: "lea@example.com" });
      const second = await door.mint("lea-two", "leads", { person: "lea@example.com" });
      const agent = await door.mint("helper", "leads", { for: first });
      expect((await door.as(first, "approvals", "approve", request.id)).code).toBe(0);
      expect((await door.grants()).some((grant) => grant.request === request.id)).toBe(false);
      for (const token of [first, second, agent]) {
        const again = await door.as(token, "approvals", "approve", request.id);
        expect(again.stderr).toContain("another person");
      }
      expect((await door.psql(sam, "select 1", "vault")).code).not.toBe(0);
      expect((await door.as(kim, "approvals", "approve", request.id)).code).toBe(0);
      expect((await door.psql(sam, "select 1", "vault")).stdout.trim()).toBe("1");
    },
    30_000,
  );

  testWith(...lacks)("breaking the glass opens at once, and loudly", async () => {
    const olga = await door.mint("olga", "oncall");
    const { request, grant } = await door.request(
      olga,
      "vault",
      "--break-glass",
      "--because",
      "down",
      "--for",
      "1m",
    );
    expect(grant).toMatchObject({ request: request.id, breakGlass: true, by: [] });
    expect((await door.psql(olga, "select 1", "vault")).code).toBe(0);
    expect(door.logged()).toContain("the glass was broken");
    const [opened] = door.entries("grant-opened").filter((entry) => entry.request === request.id);
    expect(opened).toMatchObject({ breakGlass: true, by: [], because: "down" });
  });

  testWith(...lacks)("outside its hours a rule does not count", async () => {
    const refused = await door.psql(await door.mint("olf", "office"), "select 1");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("Rule office counts only at its hours:");
    expect((await door.psql(await door.mint("ron", "round"), "select 1")).code).toBe(0);
  });

  testWith(...lacks)(
    "a reload that changes the rule ends its grants, and stales its requests",
    async () => {
      const [sam, sue] = await Promise.all([door.mint("sam", "support"), door.mint("sue", "support")]);
      const grant = await granted(sam, "shop");
      const { request } = await door.request(sue, "shop");
      const used = door.psql(sam, `${write}; select pg_sleep(60), 'until the reload'`);
      await door.until("it runs", async () => (await door.running("until the reload")) === 1);
      door.rewrite(grantsPolicy(door.server.port, "", 'by: group("leads", "sre"), upTo: "1h"'));
      expect((await used).stderr).toContain("The grant on which the session rests has ended");
      await door.until("the trail has its end", async () =>
        door.entries("grant-ended").some((entry) => entry.grant === grant.id && entry.how === "policy"),
      );
      const late = await door.as(lea, "approvals", "approve", request.id);
      expect(late.stderr).toContain("it must be asked for again");
    },
    30_000,
  );

  testWith(...lacks)(
    "killed and started again, what was open is open",
    async () => {
      const sam = await door.mint("uwe", "support");
      await granted(sam, "shop");
      await door.kill();
      await door.start();
      expect(await door.psql(sam, write)).toMatchObject({ code: 0 });
      expect((await door.postern("audit", "verify")).code).toBe(0);
    },
    30_000,
  );
});

describe("must hold 6: access on request, at several gateways", () => {
  let store: LibsqlServer;
  let doors: GrantsDoor[] = [];
  beforeAll(async () => {
    if ([...lacks, needs.libsql].some(Boolean)) return;
    store = await startLibsql();
    doors = await openGrantsDoors(2, store);
  }, 60_000);
  afterAll(async () => {
    for (const door of doors) await door.close();
    await store?.close();
  });

  testWith(...lacks, needs.libsql)(
    "asked for at one, approved at another; open at both, and ended at both",
    async () => {
      const [here, there] = doors as [GrantsDoor, GrantsDoor];
      const [sam, samThere] = await Promise.all(doors.map((door) => door.mint("sam", "support")));
      const { request } = await here.request(sam ?? "", "shop");
      const lea = await there.mint("lea", "leads");
      await there.until("the request is seen", async () =>
        (await there.postern("approvals", "list")).stdout.includes(request.id),
      );
      expect((await there.as(lea, "approvals", "approve", request.id)).code).toBe(0);
      expect((await there.psql(samThere ?? "", write)).code).toBe(0);
      await here.until("it is open here", async () => (await here.psql(sam ?? "", write)).code === 0);
      const used = here.psql(sam ?? "", `${write}; select pg_sleep(60), 'at the other'`);
      await here.until("it runs", async () => (await here.running("at the other")) === 1);
      const [grant] = await there.grants();
      expect((await there.as(samThere ?? "", "grants", "end", grant?.id ?? "")).code).toBe(0);
      expect((await used).stderr).toContain("The grant on which the session rests has ended");
      expect(await here.grants()).toEqual([]);
    },
    60_000,
  );
});
