import { afterAll, beforeAll, describe, expect } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random, seeds } from "../fuzz.ts";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

const lacks = [needs.openssh, needs.proc];
const long = Boolean(process.env.POSTERN_LONG);
const rounds = long ? 10 : 2;
const atOnce = 24;
const crowd = long ? 200 : 40;
const uploadBytes = 32 << 20;
/** What runs while somebody is killed: it never ends by itself. */
const talk = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done";

describe("ssh, must hold 5: kill -9 of gateway, host or client leaves no session without a mark", () => {
  let door: SshDoor;
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      workers: 2,
      further: "limits: { sessionsPerIdentity: 500 },",
      rules: '{ name: "all", who: group("support"), on: "bastion", may: "all" }',
    });
  }, 60_000);
  afterAll(async () => await door?.close());

  /** So many sessions, each of which has shown something. */
  async function talking(count: number) {
    const children = Array.from({ length: count }, () =>
      door.start(["-T", "bastion@127.0.0.1", talk], { options: ["-o", "LogLevel=ERROR"] }),
    );
    await Promise.all(
      children.map(async ({ stdout }) => {
        const reader = stdout.getReader();
        const { value } = await reader.read();
        expect(Buffer.from(value ?? [])).not.toHaveLength(0);
        void drain(reader);
      }),
    );
    return children;
  }

  /** Sessions that were opened and of which the trail does not say how they ended. */
  function unmarked(): string[] {
    const ended = new Set([
      ...door.entries("close").map(({ session }) => session),
      ...door.entries("abandoned").map(({ session }) => session),
    ]);
    return door.entries("open").flatMap(({ session }) => (ended.has(session) ? [] : session));
  }

  /** The same of operations. */
  function withoutOutcome(): number[] {
    const done = new Set([
      ...door.entries("outcome").map(({ session, op }) => `${session} ${op}`),
      ...door.entries("abandoned").map(({ session, op }) => `${session} ${op}`),
    ]);
    return door
      .entries("operation")
      .flatMap(({ session, seq }) => (done.has(`${session} ${seq}`) ? [] : seq));
  }

  async function allMarked(): Promise<void> {
    await door.until("every session has a mark", () => unmarked().length === 0);
    await door.until("every operation has an outcome", () => withoutOutcome().length === 0);
    expect((await door.postern("audit", "verify")).code).toBe(0);
    const recorded = door.entries("close").flatMap(({ recording, session }) => (recording ? session : []));
    for (const session of recorded.slice(-2)) {
      const { code, stdout } = await door.postern("sessions", "replay", session, "--speed", "0");
      expect([code, stdout.length > 0]).toEqual([0, true]);
    }
  }

  testWith(...lacks)(
    `${crowd} sessions at once, each with its own bytes`,
    async () => {
      const printed = await Promise.all(
        Array.from({ length: crowd }, (_, index) =>
          door.ssh([`cat; sleep 1; exit ${index % 100}`], { stdin: `${index}` }),
        ),
      );
      const seen = printed.map(({ code, stdout }) => `${stdout} ${code}`);
      expect(seen).toEqual(printed.map((_, index) => `${index} ${index % 100}`));
      await allMarked();
    },
    120_000,
  );

  for (const seed of seeds(rounds)) {
    const random = new Random(seed);
    testWith(...lacks)(
      `the client (seed ${seed})`,
      async () => {
        const children = await talking(atOnce);
        expect(unmarked()).toHaveLength(atOnce);
        await Bun.sleep(random.upTo(200));
        for (const child of children) child.kill("SIGKILL");
        await Promise.all(children.map(({ exited }) => exited));
        await allMarked();
        await door.until(
          "nothing of it runs at the host",
          () => !runsAtHost(door.server.user.uid, "line $i"),
        );
      },
      60_000,
    );

    testWith(...lacks)(
      `the host (seed ${seed})`,
      async () => {
        const children = await talking(atOnce / 2);
        await Bun.sleep(random.upTo(200));
        killHost(door.server.user.name);
        expect(await Promise.all(children.map(({ exited }) => exited))).toEqual(children.map(() => 255));
        const said = await Promise.all(children.map(({ stderr }) => new Response(stderr).text()));
        for (const text of said) expect(text).toContain("resource.gone");
        await allMarked();
      },
      60_000,
    );

    testWith(...lacks)(
      `the gateway (seed ${seed})`,
      async () => {
        const children = await talking(atOnce / 2);
        await Bun.sleep(random.upTo(200));
        await door.gateway.kill();
        expect(await Promise.all(children.map(({ exited }) => exited))).toEqual(children.map(() => 255));
        await door.gateway.start();
        await allMarked();
        const marks = door.entries("abandoned").filter(({ what }) => what === "session");
        expect(marks.length).toBeGreaterThanOrEqual(atOnce / 2);
      },
      60_000,
    );

    for (const [who, kill] of [
      ["the client", async (child) => child.kill("SIGKILL")],
      ["the host", async () => killHost(door.server.user.name)],
      ["the gateway", async () => await door.gateway.kill()],
    ] as const satisfies readonly Killed[]) {
      testWith(...lacks)(
        `${who}, while a file is uploaded (seed ${seed})`,
        async () => {
          const { child, path } = await uploading(random);
          await kill(child);
          await child.exited;
          if (who === "the gateway") await door.gateway.start();
          await allMarked();
          const opened = door.entries("operation").find(({ text }) => text.startsWith(`open ${path} `));
          const { session = "", seq } = opened ?? {};
          const of = <T extends { session?: string; op?: number }>(entries: readonly T[]) =>
            entries.filter((entry) => entry.session === session && entry.op === seq);
          const { stdout } = await door.postern("sessions", "replay", session, "--speed", "0");
          const file = stdout.split("\n").filter((line) => line.includes("file operation=write"));
          if (who === "the gateway") {
            expect(of(door.entries("abandoned"))).toMatchObject([{ what: "outcome-unknown" }]);
            expect([file, stdout.includes(`=> open ${path} `)]).toEqual([[], true]);
          } else {
            expect(of(door.entries("outcome"))).toMatchObject([{ outcome: { result: "unknown" } }]);
            expect(file).toEqual([expect.stringMatching(/ bytes=\d+ sha256=[0-9a-f]{64} whole=false$/)]);
            expect(Number(/ bytes=(\d+) /.exec(file[0] ?? "")?.[1])).toBeLessThan(uploadBytes);
          }
        },
        60_000,
      );
    }
  }

  /** An upload of which the host has some, and not nearly all. */
  async function uploading(random: Random) {
    const name = `upload-${random.upTo(1 << 30)}`;
    const near = join(door.folder, name);
    writeFileSync(near, random.bytes(uploadBytes));
    const path = join(door.server.user.home, name);
    const child = door.start(["-l", "8000", "-b", "-", "bastion@127.0.0.1"], {
      program: "sftp",
      stdin: `put ${near} ${name}\n`,
    });
    const some = 100_000 + random.upTo(500_000);
    await door.until("the host has some of it", () => existsSync(path) && statSync(path).size > some);
    return { child, path };
  }
});

type Killed = readonly [who: string, kill: (child: Bun.Subprocess) => Promise<void>];

function killHost(user: string): void {
  for (const pid of sessionsOfHost(user)) process.kill(Number(pid), "SIGKILL");
}

async function drain(reader: { read(): Promise<{ readonly done: boolean }> }): Promise<void> {
  while (!(await reader.read().catch(() => ({ done: true }))).done);
}

/** Processes of sshd that serve this user's connections: their title says so. */
function sessionsOfHost(user: string): string[] {
  return processes().filter((pid) => read(pid, "cmdline").startsWith(`sshd: ${user}`));
}

function runsAtHost(uid: number, mark: string): boolean {
  return processes().some((pid) => {
    const owner = /^Uid:\s+(\d+)/m.exec(read(pid, "status"))?.[1];
    return owner === String(uid) && read(pid, "cmdline").includes(mark);
  });
}

function processes(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
