import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import { run } from "../clients/client.ts";
import { needs, testWith } from "../needs.ts";
import { fields, type Message, message, RawClient, startup, text } from "../raw.ts";
import { type Door, openDoor } from "./door.ts";

const attackers = process.env.POSTERN_LONG ? 900 : 300;
const elsewhere = "127.0.0.2";

/** All that a caller reads of a refusal. */
const words = /^The credential was not accepted \((ref_\w+)\)\.$/;

describe("must hold 7: failed logins", () => {
  let door: Door;
  let good: string;
  let expired: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18, workers: 2 });
    good = await door.token("sam", "support");
    expired = await door.token("sam", "support", "1s");
    await door.until("the token has expired", async () => Date.now() > expiry(expired));
  });
  afterAll(() => door?.close());

  /** Asks to come in with a token; what is said comes with the result. */
  async function begin(
    token: string,
    from?: string,
  ): Promise<{ client: RawClient; said: Promise<Message[]> }> {
    const client = await RawClient.connect(door.port, from);
    client.send(startup({ user: "sam", database: "shop" }), message("p", text(token)));
    return { client, said: client.until("Z") };
  }

  async function comesIn(from?: string): Promise<boolean> {
    const { client, said } = await begin(good, from);
    const last = (await said).at(-1);
    client.close();
    return last?.type === "Z";
  }

  async function refusal(token: string): Promise<string> {
    const { said } = await begin(token);
    const error = (await said).find(({ type }) => type === "E");
    expect(error && fields(error)).toMatchObject({ S: "FATAL", C: "28P01" });
    return (error && fields(error).M) ?? "";
  }

  const failures: Record<string, { attempt: () => Promise<string>; check: string }> = {
    "a wrong token": { attempt: () => refusal("not.a.token"), check: "no identity provider knows" },
    "an expired token": { attempt: () => refusal(expired), check: '"exp"' },
    "a token with a wrong signature": {
      attempt: () => refusal(`${good.slice(0, -8)}AAAAAAAA`),
      check: "signature",
    },
    "no token": { attempt: () => refusal(""), check: "no token was given" },
  };

  for (const [name, { attempt, check }] of Object.entries(failures)) {
    testWith(needs.postgres18)(
      `${name}: an id for the caller, and by it the check for the operator`,
      async () => {
        const [, id] = words.exec(await attempt()) ?? [];
        expect(id).toBeDefined();
        const entry = door.entries("login-refused").find((each) => each.id === id);
        expect(entry?.check).toContain(check);
        expect(entry?.remote).toStartWith("127.0.0.1:");
        await door.until("the log has it", async () => door.logged().includes(check.replaceAll('"', '\\"')));
        await door.until("the index has it", async () => {
          const { stdout } = await door.postern("audit", "query", "--text", id ?? "");
          return stdout.includes(check);
        });
      },
    );
  }

  testWith(needs.postgres18, needs.psql)("a wrong password says as little", async () => {
    const connection = `host=127.0.0.1 port=${door.port} dbname=shop user=pc_nobody`;
    const { code, stderr } = await run(["psql", "-XAtc", "select 1", connection], { PGPASSWORD: "guessed" });
    expect(code).toBe(2);
    const [said = ""] = /The credential was not accepted.*/.exec(stderr) ?? [];
    const [, id] = words.exec(said) ?? [];
    const entry = door.entries("login-refused").find((each) => each.id === id);
    expect(entry?.check).toBe("the SCRAM proof for pc_nobody is wrong");
  });

  testWith(needs.postgres18)(
    `${attackers} that fail from one address wait, and who is good waits for none of them`,
    async () => {
      const attempts = await Promise.all(
        Array.from({ length: attackers }, () => begin("not.a.token", elsewhere)),
      );
      const failed = async () => {
        const answer = await fetch("http://gateway/metrics", { unix: join(door.data, "control.sock") });
        const lines = (await answer.text()).matchAll(/^postern_logins_failed_total\S* (\d+)$/gm);
        return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
      };
      // The five of before came from here.
      await door.until("all have failed", async () => (await failed()) === attackers + 5);
      let answered = 0;
      for (const { said } of attempts) void said.then(() => answered++);

      expect(await comesIn()).toBe(true);
      expect(await comesIn(elsewhere)).toBe(true);
      expect(answered).toBeLessThan(attackers / 2);

      for (const { client } of attempts) client.close();
      const own = door.entries("login-refused").filter(({ remote }) => remote.startsWith(`${elsewhere}:`));
      // Twenty of each of the two workers.
      expect(own.length).toBeLessThanOrEqual(40);
    },
  );

  testWith(needs.postgres18)("what has no entry of its own is counted in one, check by check", async () => {
    await door.gateway.stop();
    const all = door.entries("login-refused").filter(({ remote }) => remote.startsWith(elsewhere));
    expect(all.reduce((sum, { more }) => sum + (more ?? 1), 0)).toBe(attackers);
    const sums = all.filter(({ more }) => more !== undefined);
    expect(sums.length).toBeGreaterThan(0);
    for (const { check, more } of sums) expect(check).toStartWith(`${more} times: no identity provider`);
  });
});

describe("must hold 7: places at the door", () => {
  let door: Door;
  let good: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18, limits: { unauthenticated: 16, loginDelay: "50ms" } });
    good = await door.token("sam", "support");
  });
  afterAll(() => door?.close());

  testWith(needs.postgres18)("one address cannot take those of all others, silent or failing", async () => {
    const hello = startup({ user: "sam", database: "shop" });
    const quiet: RawClient[] = [];
    for (;;) {
      const client = await RawClient.connect(door.port, elsewhere);
      client.send(hello);
      const [first] = await client.until("R");
      if (first?.type === "E") {
        expect(fields(first)).toMatchObject({ C: "53300" });
        break;
      }
      quiet.push(client);
    }
    expect(quiet).toHaveLength(8);
    const refused = door.entries("login-refused").length;
    for (const address of ["127.0.0.3", undefined]) {
      const client = await RawClient.connect(door.port, address);
      client.send(hello, message("p", text(good)));
      expect((await client.until("Z")).at(-1)?.type).toBe("Z");
      client.close();
    }
    // Those that were sent away at once are in the log alone.
    expect(door.entries("login-refused")).toHaveLength(refused);
    for (const client of quiet) client.close();
  });

  testWith(needs.postgres18)("a token that is shown over HTTP counts like any other", async () => {
    const unix = join(door.data, "control.sock");
    const headers = { authorization: "Bearer not.a.token" };
    for (let times = 0; times < 7; times++) {
      const answer = await fetch("http://gateway/v1/approvals/hold_1", {
        ...{ unix, headers, method: "POST", body: JSON.stringify({ approve: true }) },
      });
      expect(answer.status).toBe(401);
      const { message: said } = (await answer.json()) as { message: string };
      const [, id] = words.exec(said) ?? [];
      const entry = door.entries("login-refused").find((each) => each.id === id);
      expect(entry).toMatchObject({ protocol: "control", remote: "control socket" });
      expect(door.logged()).toContain(id ?? "nothing");
    }
    const metrics = await (await fetch("http://gateway/metrics", { unix })).text();
    expect(metrics).toContain('postern_logins_failed_total{slowed="yes"} 2');
  });
});

/** Epoch milliseconds. */
function expiry(token: string): number {
  const [, claims = ""] = token.split(".");
  const { exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { exp: number };
  return exp * 1000;
}
