import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allowed, attacks } from "../fixtures/ssh-commands/attacks.ts";
import { programAttacks, programOf, variableAttacks } from "../fixtures/ssh-commands/programs.ts";
import { named, wrapperAttacks } from "../fixtures/ssh-commands/wrappers.ts";
import { measured, needs, testWith } from "../needs.ts";
import { makeKey } from "../servers/openssh.ts";
import { SshDoor, type SshPrinted, type SshRun } from "./ssh-door.ts";

const runs = testWith(needs.openssh, needs.strace);
/** A NUL cannot stand in a command line of the test's own ssh. */
const sendable = (corpus: Readonly<Record<string, readonly string[]>>) =>
  Object.values(corpus)
    .flat()
    .filter((command) => !command.includes("\0"));
const plain = sendable(attacks);
const wrapping = sendable(wrapperAttacks);
const further = [...sendable(programAttacks), ...variableAttacks];
const programs = [...new Set([...named, ...further.map(programOf)])].filter((one) => /^[\w.+-]+$/.test(one));
/** They all would take half a minute: one in three, and each under POSTERN_LONG. */
const tried = process.env.POSTERN_LONG ? further : further.filter((_, index) => index % 3 === 0);
const harmless = [
  "uptime",
  "df -h && uptime",
  "cat /var/log/app/a; uptime | cat /var/log/app/*",
  "df $(uptime >/dev/null)",
];

describe("ssh, must hold 3: nothing that the caller's text caused ran besides what rules allow", () => {
  let door: SshDoor;
  let folder: string;
  /** alice, and bob, who may run every program that the other corpora begin with, with any arguments. */
  let masters: SshRun[];
  beforeAll(async () => {
    if (needs.openssh || needs.strace) return;
    folder = mkdtempSync(join(tmpdir(), "postern-ssh-3-"));
    const bob = makeKey(join(folder, "bob"));
    const source = (list: readonly string[]) => list.map((one) => JSON.stringify(one)).join(", ");
    door = await SshDoor.open({
      server: { strace: true },
      identity: `sshKeys({ bob: { keys: [${JSON.stringify(bob)}], groups: ["operators"] } }),`,
      rules: `
        { who: group("support", "operators"), on: "bastion", may: [execute(${source(allowed)})] },
        { who: group("operators"), on: "bastion", may: [execute(${source(programs)})] },`,
    });
    masters = ["alice", "bob"].map((name) => ({
      ...(name === "bob" ? { key: join(folder, name) } : {}),
      options: [
        "-o",
        "ControlMaster=auto",
        "-o",
        `ControlPath=${join(folder, `${name}.mux`)}`,
        "-o",
        "ControlPersist=60",
      ],
    }));
  });
  afterAll(async () => {
    for (const run of masters ?? []) await door.ssh(["-O", "exit"], run);
    await door?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  /** What the server and all that came of it executed, without the server's own. */
  const ran = () =>
    door.server
      .executed()
      .map((line) => /execve\("([^"]*)", \[(.*)\], /.exec(line)?.slice(1) ?? [line, ""])
      .filter(([program = ""]) => !program.endsWith("/sshd"));
  const send = (command: string, run: SshRun): Promise<SshPrinted> => door.ssh([command], run);

  runs("what rules allow runs, and the witness sees it", async () => {
    for (const command of harmless) await send(command, masters[0] ?? {});
    const programs = ran().map(([program = ""]) => program.slice(program.lastIndexOf("/") + 1));
    expect([...new Set(programs)].sort()).toEqual(["bash", "cat", "df", "uptime"]);
  });

  for (const [which, [about, corpus]] of [
    ["three programs", plain] as const,
    ["and every wrapper, named", wrapping] as const,
    ["and every program that could run another, named", tried] as const,
  ].entries()) {
    runs(
      `${about}: ${corpus.length} attacks`,
      async () => {
        const before = ran().length;
        const passed: string[] = [];
        for (const command of corpus) {
          const { code, stderr } = await send(command, masters[Math.min(which, 1)] ?? {});
          if (code !== 126 || !/not allowed|ssh\.encoding|no UTF-8/.test(stderr))
            passed.push(`${command}: ${code} ${stderr}`);
        }
        expect(passed).toEqual([]);
        expect(ran().slice(before)).toEqual([]);
        measured(`${corpus.length} attacks, none of which reached the host`);
      },
      process.env.POSTERN_LONG ? 600_000 : 120_000,
    );
  }
});
