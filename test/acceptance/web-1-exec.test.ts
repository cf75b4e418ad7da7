import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Kubectl, type KubectlBinary, kubectls } from "../clients/kubectl.ts";
import { testWith } from "../needs.ts";
import { KubernetesDoor } from "./kubernetes-door.ts";
import { Screen } from "./screen.ts";

/** Issue 6, 1: exec, attach, cp and port-forward through the gateway, over SPDY and over WebSocket. */

const all = kubectls();
/** The oldest speaks SPDY alone, the newest WebSocket first. */
const ends = [...new Set([all[0], all.at(-1)])].filter((one) => one !== undefined);
const chosen = process.env.POSTERN_LONG ? all : ends;
setDefaultTimeout(60_000);

if (all.length === 0) testWith("no kubectl (apt install kubernetes-client)")("kubectl exec", async () => {});
for (const binary of chosen) describe(`kubectl ${binary.version}`, () => real(binary));

function real(binary: KubectlBinary): void {
  let door: KubernetesDoor;
  const clients = new Map<string, Kubectl>();
  const as = async (group: string): Promise<Kubectl> => {
    const known = clients.get(group);
    if (known) return known;
    const made = new Kubectl(binary, door.login(await door.credential(`${group}-person`, group)));
    clients.set(group, made);
    return made;
  };

  beforeAll(async () => {
    door = await KubernetesDoor.open({
      plugins: ["approve", "mask"],
      words: ["group"],
      rules: `
        { who: group("owners"), on: "prod", may: "all" },
        { who: group("bulk"), on: "prod", may: "all" },
        { who: group("masked"), on: "prod", may: "all", under: [mask({ answers: ["document", "stream"], detect: ["email"] })] },
        { who: group("readers"), on: "prod", may: ["read"] },
        { who: group("held"), on: "prod", may: ["read"] },
        { who: group("held"), on: "prod", may: ["execute"], under: [approve({ by: group("leads"), within: "1m" })] },
      `,
    });
    const direct = new Kubectl(binary, door.direct);
    clients.set("direct", direct);
    const run = await direct.run([
      ...["run", "web", "--image=x:1", "--restart=Never", "--command", "--"],
      ...["sh", "-c", "while sleep 0.1; do echo tick joe@example.com; done"],
    ]);
    if (run.code !== 0) throw new Error(run.stderr);
  }, 60_000);

  afterAll(async () => {
    for (const client of clients.values()) client.close();
    await door?.close();
  });

  const exec = async (group: string, words: readonly string[], stdin?: string | Uint8Array) => {
    const flags = stdin === undefined ? [] : ["-i"];
    const client = await as(group);
    return client.run(["exec", ...flags, "web", "--", ...words], stdin === undefined ? {} : { stdin });
  };
  const screen = async (group: string, words: readonly string[]) => {
    const client = await as(group);
    return new Screen([binary.path, "exec", "-it", "web", "--", ...words], { HOME: client.home });
  };
  const newest = async (group: string) => {
    const opened = door.web.entries("open").filter(({ identity }) => identity.subject === `${group}-person`);
    return opened.at(-1)?.session as string;
  };

  test("output, error output and exit codes", async () => {
    expect(await exec("owners", ["sh", "-c", "echo out; echo err >&2"])).toEqual({
      code: 0,
      stdout: "out\n",
      stderr: expect.stringContaining("err\n"),
    });
    for (const code of [1, 42, 137]) {
      expect((await exec("owners", ["sh", "-c", `exit ${code}`])).code).toBe(code);
    }
    const outcomes = () =>
      door.web.entries("outcome").map(({ outcome }) => `${outcome.result} ${outcome.code}`);
    await door.web.until("the last outcome is written", async () => outcomes().includes("error 137"));
    expect(outcomes()).toContain("ok 0");
  });

  test("who may not run it reads why, in kubectl", async () => {
    const run = await exec("readers", ["id"]);
    expect([run.code, run.stderr]).toEqual([1, expect.stringContaining("policy.")]);
  });

  test("standard input comes to its end, of any size", async () => {
    const bytes = randomBytes(3_000_000);
    const { stdout } = await exec("owners", ["sh", "-c", "head -c 3000000 | sha256sum"], bytes);
    expect(stdout.split(" ")[0]).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test("an approver sees the command and not the address", async () => {
    const running = exec("held", ["sh", "-c", "echo done; exit 3"]);
    const hold = await door.web.hold("exec default/pods/web");
    const shown = await door.web.postern("approvals", "show", hold);
    expect(shown.stdout).toContain("sh -c 'echo done; exit 3'");
    const lead = await door.web.token("lee", "leads");
    expect((await door.web.answer(hold, "approve", lead)).code).toBe(0);
    expect(await running).toMatchObject({ code: 3, stdout: "done\n" });
  });

  test("a terminal: its size, what is typed, what it shows; its recording is what was seen", async () => {
    const terminal = await screen("owners", ["sh"]);
    terminal.press("stty size; echo a$((40+2))b\n");
    await terminal.until("40 120");
    await terminal.until("a42b");
    terminal.resize(90, 30);
    terminal.press("sleep 0.3; stty size\n");
    await terminal.until("30 90");
    terminal.press("exit 7\n");
    expect(await terminal.code).toBe(7);
    const session = await newest("owners");
    const { stdout } = await door.web.postern("sessions", "replay", session, "--format", "asciicast");
    const [head = "", ...lines] = stdout.trim().split("\n");
    const events = lines.map((line) => JSON.parse(line) as [number, string, string]);
    // The shell may speak before kubectl has told the size.
    const { width, height } = JSON.parse(head) as { width: number; height: number };
    expect([
      `${width}x${height}`,
      ...events.flatMap(([, kind, size]) => (kind === "r" ? [size] : [])),
    ]).toContain("120x40");
    const shown = events.flatMap(([, kind, text]) => (kind === "o" ? [text] : [])).join("");
    expect(terminal.screen.replaceAll(/command terminated.*\r?\n/g, "")).toContain(shown);
    expect(shown).toContain("a42b");
    const typed = events.flatMap(([, kind, text]) => (kind === "i" ? [text] : [])).join("");
    expect(typed).toContain("exit 7");
    expect(events).toContainEqual([expect.any(Number), "r", "90x30"]);
  });

  test("a mask sees values across pieces, in a terminal and without; its recording has none either", async () => {
    const torn = "printf 'mail joe@exa'; sleep 0.02; printf 'mple.com today\\n'; echo ann@example.com >&2";
    const { stdout, stderr } = await exec("masked", ["sh", "-c", torn]);
    expect([stdout, stderr]).toEqual(["mail **** today\n", expect.stringContaining("****\n")]);
    const terminal = await screen("masked", ["sh", "-c", "printf 'mail joe@example.com today\\n'"]);
    await terminal.until("mail **** today");
    expect(await terminal.code).toBe(0);
    const session = await newest("masked");
    const { stdout: replayed } = await door.web.postern("sessions", "replay", session);
    expect(replayed).toContain("mail **** today");
    expect(replayed.replaceAll(/=> .*|command=.*/g, "")).not.toContain("joe@example.com");
  });

  test("what is no text is withheld under a mask, and says so", async () => {
    const run = await exec("masked", ["sh", "-c", "printf 'a\\0b'; sleep 5"]);
    expect(run.code).not.toBe(0);
    expect(run.stdout).toBe("");
    expect(run.stderr).toContain("answer.withheld");
  });

  test("a port-forward that a mask could not look into is refused before the cluster sees it", async () => {
    const seen = door.cluster.received.length;
    const refused = await (await as("masked")).run(["port-forward", "pod/web", ":8080"]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("http.upgrade")]);
    expect(door.cluster.received.slice(seen).some(({ upgrade }) => upgrade)).toBe(false);
  });

  test("attach, and logs that follow, until they are stopped", async () => {
    for (const args of [
      ["attach", "web"],
      ["logs", "-f", "web"],
    ]) {
      const child = (await as("masked")).start(args);
      const reader = child.stdout.getReader();
      const first = new TextDecoder().decode((await reader.read()).value);
      expect(first).toContain("tick ****");
      child.kill("SIGINT");
      await child.exited;
    }
  });

  test("cp both ways, byte for byte; the recording has its size and hash", async () => {
    const client = await as("owners");
    const bytes = randomBytes(2_000_000);
    writeFileSync(join(client.home, "up"), bytes);
    const up = await client.run(["cp", "up", "web:copied"]);
    expect([up.code, up.stderr]).toEqual([0, expect.any(String)]);
    const down = await client.run(["cp", "web:copied", "down"]);
    expect([down.code, down.stderr]).toEqual([0, expect.any(String)]);
    expect(readFileSync(join(client.home, "down")).equals(bytes)).toBe(true);
    const { stdout } = await door.web.postern("sessions", "replay", await newest("owners"));
    expect(stdout).toMatch(/stdout bytes=2\d{6} sha256=[0-9a-f]{64}/);
  });

  test("port-forward: bytes as they are, counted and hashed", async () => {
    const body = randomBytes(1_000_000);
    const service: Server = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    door.cluster.kubelet?.ports.set(8080, (service.address() as AddressInfo).port);
    const child = (await as("owners")).start(["port-forward", "pod/web", ":8080"]);
    const said = new TextDecoder().decode((await child.stdout.getReader().read()).value);
    const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    // An old kubectl takes five seconds to close each connection.
    for (let times = process.env.POSTERN_LONG ? 3 : 1; times > 0; times--) {
      const curl = Bun.spawn(["curl", "-sS", `http://127.0.0.1:${port}/`], { stdout: "pipe" });
      expect(Buffer.from(await new Response(curl.stdout).arrayBuffer()).equals(body)).toBe(true);
    }
    child.kill("SIGTERM");
    await child.exited;
    service.close();
    await door.web.until("the end of the forward is recorded", async () => {
      const { stdout } = await door.web.postern("sessions", "replay", await newest("owners"));
      return /forwarded to=tcp default\/pods\/web:8080 sent=\d+ sentSha256=[0-9a-f]{64} received=1000\d{3}/.test(
        stdout,
      );
    });
  });

  test("a session that is killed ends what runs in it, and says why", async () => {
    const child = (await as("owners")).start(["exec", "web", "--", "sh", "-c", "echo up; sleep 1000"]);
    const reader = child.stdout.getReader();
    await reader.read();
    expect((await door.web.postern("sessions", "kill", await newest("owners"))).code).toBe(0);
    expect(await child.exited).not.toBe(0);
    expect(await new Response(child.stderr).text()).toContain("session.killed");
  });

  // Last: what it leaves in the trail makes every replay slower.
  test("100 MB of output, to a caller that takes its time", async () => {
    const child = (await as("bulk")).start(["exec", "web", "--", "head", "-c", "100000000", "/dev/zero"]);
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const part of child.stdout) {
      if (bytes === 0) await Bun.sleep(500);
      bytes += part.length;
      hash.update(part);
    }
    const expected = createHash("sha256");
    for (let left = 100; left > 0; left--) expected.update(Buffer.alloc(1_000_000));
    expect([bytes, hash.digest("hex")]).toEqual([100_000_000, expected.digest("hex")]);
  });
}
