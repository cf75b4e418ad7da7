import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { HoldEnd } from "../../core/trail/entry.ts";
import { needs, testWith } from "../needs.ts";
import { execute, fields, query, RawClient, startup, status, sync } from "../raw.ts";
import { type Door, openDoor } from "./door.ts";

describe("must hold 4: a held UPDATE", () => {
  let door: Door;
  let lead: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18 });
    lead = await door.token("lea", "leads");
  });
  afterAll(() => door?.close());

  /** Sends an UPDATE that will be held, and waits until it is. */
  async function hold(mark: string, group = "support", send = query) {
    const client = await RawClient.login(door.port, "sam", "shop", await door.token("sam", group));
    client.send(send(`update customers set city = '${mark}' where id = 1`));
    if (send === execute) client.send(sync);
    const notice = fields((await client.until("N")).at(-1) ?? { type: "N", body: Buffer.alloc(0) });
    const id = /hold_\w+/.exec(`${notice.M} ${notice.H}`)?.[0] ?? "no hold";
    const open = await door.json<{ id: string; text: string }[]>("approvals", "list");
    expect(open.find((one) => one.id === id)?.text).toContain(mark);
    expect(await door.serverSaw(mark)).toBe(false);
    return { client, id };
  }

  const answer: Door["answer"] = (...args) => door.answer(...args);

  async function endedAs(id: string, how: HoldEnd): Promise<void> {
    const entries = door.entries("hold-ended");
    expect(entries.filter(({ hold }) => hold === id).map((entry) => entry.how)).toEqual([how]);
  }

  for (const [protocol, send] of [
    ["simple", query],
    ["extended", execute],
  ] as const) {
    testWith(needs.postgres18)(`approved, it runs once (${protocol})`, async () => {
      const mark = `approved-${protocol}`;
      const { client, id } = await hold(mark, "support", send);
      expect((await answer(id, "approve", lead)).code).toBe(0);
      const messages = await client.until("Z");
      expect(messages.find(({ type }) => type === "C")?.body.toString()).toBe("UPDATE 1\0");
      expect(status(messages)).toBe("I");
      expect((await answer(id, "approve", lead)).code).not.toBe(0);
      expect(await door.timesRun(mark)).toBe(1);
      await endedAs(id, "approved");
      client.close();
    });

    testWith(needs.postgres18)(`denied, it never runs (${protocol})`, async () => {
      const mark = `denied-${protocol}`;
      const { client, id } = await hold(mark, "support", send);
      expect((await answer(id, "deny", lead)).code).toBe(0);
      const messages = await client.until("Z");
      expect(fields(messages.find(({ type }) => type === "E") as never)).toMatchObject({ C: "42501" });
      expect(status(messages)).toBe("I");
      expect((await answer(id, "approve", lead)).code).not.toBe(0);
      expect(await door.serverSaw(mark)).toBe(false);
      await endedAs(id, "denied");
      client.close();
    });
  }

  testWith(needs.postgres18)("the requester cannot approve it, nor somebody of another group", async () => {
    const { client, id } = await hold("own-approval");
    expect((await answer(id, "approve", await door.token("sam", "leads"))).code).not.toBe(0);
    expect((await answer(id, "approve", await door.token("eve", "support"))).code).not.toBe(0);
    expect((await answer(id, "approve", "no token at all")).code).not.toBe(0);
    expect(await door.serverSaw("own-approval")).toBe(false);
    expect((await answer(id, "deny", lead)).code).toBe(0);
    client.close();
  });

  testWith(needs.postgres18)("expired, it never runs", async () => {
    const { client, id } = await hold("expired", "hasty");
    const messages = await client.until("Z");
    expect(fields(messages.find(({ type }) => type === "E") as never).M).toMatch(/time|expire/i);
    expect((await answer(id, "approve", lead)).code).not.toBe(0);
    expect(await door.serverSaw("'expired'")).toBe(false);
    await endedAs(id, "expired");
    client.close();
  });

  testWith(needs.postgres18, needs.psql)(
    "cancelled by the caller (Ctrl-C in psql), it never runs",
    async () => {
      const token = await door.token("sam", "support");
      const psql = Bun.spawn(
        ["psql", "-X", "-h", "127.0.0.1", "-p", `${door.port}`, "-U", "sam", "-d", "shop"].concat([
          "-c",
          "update customers set city = 'cancelled' where id = 1",
        ]),
        { env: { ...process.env, PGPASSWORD: token }, stdout: "pipe", stderr: "pipe" },
      );
      const reader = psql.stderr.getReader();
      let said = "";
      while (!/hold_\w+/.test(said)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`psql ended: ${said}`);
        said += new TextDecoder().decode(value);
      }
      psql.kill("SIGINT");
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        said += new TextDecoder().decode(part.value);
      }
      expect(await psql.exited).not.toBe(0);
      expect(said).toMatch(/cancel/i);
      const id = /hold_\w+/.exec(said)?.[0] ?? "";
      expect((await answer(id, "approve", lead)).code).not.toBe(0);
      expect(await door.serverSaw("'cancelled'")).toBe(false);
      await endedAs(id, "cancelled");
    },
  );

  testWith(needs.postgres18, needs.psql)("where two persons must approve, psql waits for both", async () => {
    const mint = async (subject: string, person: string) => {
      const named = ["--subject", subject, "--person", person, "--group", "leads"];
      return (await door.postern("token", "mint", ...named)).stdout.trim();
    };
    const [bob, jones] = [await mint("bob", "bob@example.com"), await mint("b.jones", "Bob@example.com")];
    const psql = Bun.spawn(
      ["psql", "-X", "-h", "127.0.0.1", "-p", `${door.port}`, "-U", "sam", "-d", "shop"].concat([
        "-c",
        "update customers set city = 'two-persons' where id = 1",
      ]),
      {
        env: { ...process.env, PGPASSWORD: await door.token("sam", "careful") },
        ...{ stdout: "pipe", stderr: "pipe" },
      },
    );
    type Listed = { id: string; approvers: number; approved: { subject: string }[]; how?: HoldEnd };
    const listed = async (...flags: string[]) =>
      (await door.json<(Listed & { text: string })[]>("approvals", "list", ...flags)).find(({ text }) =>
        text.includes("two-persons"),
      );
    await door.until("it is held", async () => (await listed()) !== undefined);
    const id = (await listed())?.id ?? "";
    expect((await answer(id, "approve", bob)).stdout).toContain("waits, 1 of 2 approved by bob");
    expect(await listed()).toMatchObject({ approvers: 2, approved: [{ subject: "bob" }] });
    expect(door.entries("hold-answered")).toMatchObject([{ hold: id, by: { subject: "bob" } }]);
    for (const again of [bob, jones, await door.token("sam", "leads")]) {
      expect((await answer(id, "approve", again)).stderr).toContain("[approval.refused]");
    }
    expect(await door.serverSaw("two-persons")).toBe(false);
    expect(psql.exitCode).toBeNull();
    expect((await answer(id, "approve", lead)).stdout).toContain("approved by bob and lea");
    expect(await new Response(psql.stdout).text()).toBe("UPDATE 1\n");
    expect(await new Response(psql.stderr).text()).toContain("an approval by two of group leads");
    expect(await psql.exited).toBe(0);
    expect(await door.timesRun("two-persons")).toBe(1);
    expect(await listed("--all")).toMatchObject({
      how: "approved",
      approved: [{ subject: "bob" }, { subject: "lea" }],
    });
    await endedAs(id, "approved");
  });

  testWith(needs.postgres18)("its caller gone, it never runs", async () => {
    const { client, id } = await hold("caller-gone");
    client.close();
    await door.until("the hold is over", async () => {
      const open = await door.json<{ id: string }[]>("approvals", "list");
      return open.every((one) => one.id !== id);
    });
    expect((await answer(id, "approve", lead)).code).not.toBe(0);
    expect(await door.serverSaw("caller-gone")).toBe(false);
    await endedAs(id, "abandoned");
  });

  testWith(needs.postgres18)("the gateway killed: it never runs, and the trail says abandoned", async () => {
    const { client, id } = await hold("gateway-killed");
    await door.kill();
    client.close();
    await door.start();
    expect((await answer(id, "approve", lead)).code).not.toBe(0);
    expect(await door.serverSaw("gateway-killed")).toBe(false);
    const abandoned = door.entries("abandoned");
    expect(abandoned.filter((entry) => entry.hold === id)).toMatchObject([{ what: "hold" }]);
    expect((await door.postern("audit", "verify")).code).toBe(0);
  });

  testWith(needs.postgres18)("a start-up that goes nowhere holds nothing up", async () => {
    const client = await RawClient.connect(door.port);
    client.send(startup({ user: "sam", database: "shop" }).subarray(0, 9));
    const { client: held, id } = await hold("beside-a-stalled-one");
    expect((await answer(id, "deny", lead)).code).toBe(0);
    expect(status(await held.until("Z"))).toBe("I");
    client.close();
    held.close();
  });
});
