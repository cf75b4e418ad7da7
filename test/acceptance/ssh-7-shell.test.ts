import { afterAll, beforeAll, describe, expect } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";
import { SshTerminal } from "./ssh-terminal.ts";

const lacks = [needs.openssh];
const prompt = "$ ";

describe("ssh, guarded shell: each line is an operation, in one remote shell", () => {
  let door: SshDoor;
  let leader = "";
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      before: 'const signOff = approve({ by: group("leads"), within: "1m" });',
      rules: `
        { name: "guarded", who: group("support"), on: "bastion", may: [
          execute("(guarded shell)", "cd", "pwd", "echo", "printf", "sleep", "cat", "false", "set", "sh"), execute("(none)"),
        ] },
        { name: "signed", who: group("support"), on: "bastion", may: [execute("date")], under: [signOff] }`,
    });
    leader = await door.token("lea", "leads");
  }, 60_000);
  afterAll(async () => await door?.close());

  async function shell(): Promise<SshTerminal> {
    const terminal = new SshTerminal(door);
    await terminal.until(prompt);
    return terminal;
  }
  const run = async (terminal: SshTerminal, line: string) => {
    terminal.press(`${line}\r`);
    await terminal.until("\r\n");
    return (await terminal.until(prompt)).replaceAll("\x1b[?2004h", "");
  };

  testWith(...lacks)(
    "directories and variables persist, and the prompt says where",
    async () => {
      const terminal = await shell();
      await run(terminal, "cd /usr/lib");
      expect(await run(terminal, "pwd")).toStartWith("/usr/lib\r\n");
      await run(terminal, "x=two");
      expect(await run(terminal, 'echo "one $x"; false')).toStartWith("one two\r\n");
      expect(await run(terminal, "echo $?")).toStartWith("1\r\n");
      expect(terminal.screen).toContain("@bastion:/usr/lib$ ");
      terminal.press("exit 7\r");
      expect(await terminal.code).toBe(7);
    },
    60_000,
  );

  testWith(...lacks)(
    "a line that no rule allows is refused, does nothing, and the shell goes on",
    async () => {
      const terminal = await shell();
      const marked = join(door.server.user.home, "refused");
      expect(await run(terminal, `touch ${marked}`)).toContain("policy.denied");
      expect(await run(terminal, `echo x; touch ${marked}`)).toContain("policy.denied");
      expect(await run(terminal, `echo $(touch ${marked})`)).toContain("policy.denied");
      expect(await run(terminal, "cat <&10")).toContain("policy.denied");
      expect(existsSync(marked)).toBe(false);
      expect(await run(terminal, "echo on")).toStartWith("on\r\n");
      expect(door.entries("denied").some(({ text }) => text === `touch ${marked}`)).toBe(true);
      terminal.press("\x04");
      await terminal.code;
    },
    60_000,
  );

  testWith(...lacks)(
    "what a command prints is no mark of its end, and a flaw in a line ends no shell",
    async () => {
      const terminal = await shell();
      const forged = await run(terminal, "printf '\\000t0123456789abcdef 0 /forged\\000'; echo behind");
      expect(forged).toContain("behind\r\n");
      expect(terminal.screen).not.toContain("bastion:/forged");
      expect(await run(terminal, "set -u; echo $nobody")).toContain("nobody");
      expect(await run(terminal, "echo on")).toStartWith("on\r\n");
      terminal.close();
    },
    60_000,
  );

  testWith(...lacks)(
    "^C ends the line that runs, all of it, and what it left stays",
    async () => {
      const terminal = await shell();
      await run(terminal, "x=kept");
      terminal.press("echo begun; sleep 60; echo never\r");
      await terminal.until("begun\r\n");
      terminal.press("\x03");
      await terminal.until("^C\r\n");
      await terminal.until(prompt);
      expect(await run(terminal, "echo $x")).toStartWith("kept\r\n");
      expect(terminal.screen).not.toContain("\nnever");
      terminal.close();
    },
    60_000,
  );

  testWith(...lacks)(
    "a held line says so and waits; ^C withdraws it; approved it runs",
    async () => {
      const terminal = await shell();
      const holds = () => door.entries("hold");
      const before = holds().length;
      terminal.press("date +held-%Y\r");
      await terminal.until("postern approvals approve");
      terminal.press("\x03");
      await terminal.until("hold.cancelled");
      await terminal.until(prompt);
      terminal.press("date +held-%Y\r");
      await terminal.until("postern approvals approve");
      await door.until("it is held again", () => holds().length > before + 1);
      const hold = holds()[before + 1]?.hold ?? "";
      expect((await door.gateway.postern(["approvals", "approve", hold], leader)).code).toBe(0);
      await terminal.until("\r\nheld-2");
      terminal.close();
    },
    60_000,
  );

  testWith(...lacks)(
    "a program that a rule names has a terminal of its own",
    async () => {
      const terminal = await shell();
      await run(terminal, "cd /usr/share");
      terminal.press("sh\r");
      await terminal.until("\x1b[?2004l\r\n");
      await terminal.until("$ ");
      terminal.press("tty | cut -c1-5; pwd; exit 5\r");
      await terminal.until("/dev/");
      await terminal.until("/usr/share\r\n");
      await terminal.until("@bastion:/usr/share$ ");
      terminal.press("exit\r");
      expect(await terminal.code).toBe(5);
    },
    60_000,
  );

  testWith(...lacks)(
    "without a terminal the lines come from standard input",
    async () => {
      const { code, stdout, stderr } = await door.ssh(["-T"], {
        stdin: "cd /usr\necho one; pwd\ntouch x\ncat nothing\nexit 3\n",
      });
      expect(stdout.toString()).toBe("one\n/usr\n");
      expect(stderr).toContain("policy.denied");
      expect(stderr).toContain("nothing");
      expect(code).toBe(3);
    },
    60_000,
  );
});
