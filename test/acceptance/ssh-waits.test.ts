import { afterAll, beforeAll, describe, expect } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

const lacks = [needs.openssh];

describe("ssh: what waits for a person, and what ends while it runs", () => {
  let door: SshDoor;
  let leader = "";
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      further: 'limits: { idle: "3s" },',
      before: 'const signOff = approve({ by: group("leads"), within: "1m" });',
      rules: `{ name: "free", who: group("support"), on: "bastion", may: [execute("sleep", "(shell)")] },
        { name: "signed", who: group("support"), on: "bastion", may: "all", under: [signOff] }`,
    });
    leader = await door.token("lea", "leads");
  }, 60_000);
  afterAll(async () => await door?.close());

  const marked = (name: string) => join(door.server.user.home, name);
  const held = () => door.entries("hold");

  /** The hold that opens after those that there were. */
  async function nextHold(before: number): Promise<string> {
    await door.until("it is held", () => held().length > before);
    return held()[before]?.hold ?? "";
  }

  testWith(...lacks)(
    "a held command says so on standard error, runs once approved, and has its input",
    async () => {
      const before = held().length;
      const child = door.start(["bastion@127.0.0.1", "tee approved"], { stdin: "typed before" });
      const hold = await nextHold(before);
      expect(existsSync(marked("approved"))).toBe(false);
      expect((await door.gateway.postern(["approvals", "approve", hold], leader)).code).toBe(0);
      const { code, stdout, stderr } = await door.ended(child);
      expect([code, stdout.toString()]).toEqual([0, "typed before"]);
      expect(stderr).toContain(`postern approvals approve ${hold}`);
      expect(existsSync(marked("approved"))).toBe(true);
    },
  );

  testWith(...lacks)("one that is denied never runs, and ends with status 126", async () => {
    const before = held().length;
    const child = door.start(["bastion@127.0.0.1", "touch denied"]);
    const hold = await nextHold(before);
    await door.gateway.postern(["approvals", "deny", hold], leader);
    const { code, stderr } = await door.ended(child);
    expect([code, stderr.includes("hold.denied")]).toEqual([126, true]);
    expect(existsSync(marked("denied"))).toBe(false);
  });

  testWith(...lacks)("a caller that leaves withdraws it: a late approval is refused", async () => {
    const before = held().length;
    const child = door.start(["bastion@127.0.0.1", "touch left"]);
    const hold = await nextHold(before);
    child.kill("SIGKILL");
    await door.until("it has ended", () => door.entries("hold-ended").some((entry) => entry.hold === hold));
    expect((await door.gateway.postern(["approvals", "approve", hold], leader)).code).not.toBe(0);
    expect(existsSync(marked("left"))).toBe(false);
  });

  testWith(...lacks)("^C in a terminal withdraws it", async () => {
    const before = held().length;
    const shown: string[] = [];
    const child = inTerminal(shown, "touch interrupted");
    await nextHold(before);
    await door.until("the terminal says so", () => shown.join("").includes("postern approvals approve"));
    child.terminal?.write("\x03");
    expect(await child.exited).toBe(126);
    expect(shown.join("")).toContain("hold.cancelled");
    expect(existsSync(marked("interrupted"))).toBe(false);
  });

  testWith(...lacks)("a session that an operator ends says why, on each of its channels", async () => {
    const sent = door.entries("operation").length;
    const child = door.start(["bastion@127.0.0.1", "sleep 61"]);
    await door.until("it runs", () => door.entries("operation").length > sent);
    const session = door.entries("operation").at(-1)?.session ?? "";
    expect((await door.postern("sessions", "kill", session, "--because", "maintenance")).code).toBe(0);
    const { code, stderr } = await door.ended(child);
    expect([code, stderr.includes("maintenance")]).toEqual([255, true]);
    await door.until(
      "nothing runs at the host",
      () => !Bun.spawnSync(["pgrep", "-f", "sleep 61"]).stdout.length,
    );
  });

  testWith(...lacks)("a shell in which nothing happens ends, and says so in the terminal", async () => {
    const shown: string[] = [];
    const child = inTerminal(shown);
    expect(await child.exited).toBe(255);
    expect(shown.join("")).toMatch(/postern: .*session\.idle.*\r\n/);
  });

  function inTerminal(shown: string[], ...command: string[]): Subprocess {
    return Bun.spawn(["ssh", ...door.options(), "-t", "bastion@127.0.0.1", ...command], {
      env: { PATH: process.env.PATH ?? "", HOME: join(door.folder, "home"), TERM: "xterm" },
      terminal: {
        cols: 120,
        rows: 40,
        data: (_terminal, bytes) => void shown.push(Buffer.from(bytes).toString("latin1")),
      },
    });
  }
});
