import { afterAll, beforeAll, describe, expect } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";
import { SshTerminal } from "./ssh-terminal.ts";

const main = join(import.meta.dir, "../../plugins/main.ts");
const lacks = [needs.openssh];

describe("ssh, recordings: replayed, exported, looked on; and what they do not hold", () => {
  let door: SshDoor;
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      rules: `{ name: "free", who: group("support"), on: "bastion", may: "all",
        under: [mask({ answers: "stream", detect: ["email", "card", "jwt"] })] }`,
    });
  }, 60_000);
  afterAll(async () => await door?.close());

  /** Of the last session that has opened. */
  const session = () => door.entries("open").at(-1)?.session ?? "";
  const closed = (id: string) =>
    door.until("it is closed", () => door.entries("close").some((entry) => entry.session === id));

  testWith(...lacks)(
    "a shell is replayed as it was, and exported as asciicast v2, with its sizes and what was typed",
    async () => {
      const terminal = new SshTerminal(door, [], {});
      await terminal.until("$ ");
      terminal.press("PS1='# '\r");
      await terminal.until("# ");
      await terminal.until("# ");
      terminal.press("printf '\\033[31mred\\033[0m\\n'\r");
      await terminal.until("\x1b[31mred\x1b[0m\r\n");
      await terminal.until("# ");
      terminal.resize(100, 30);
      terminal.press("stty size\r");
      await terminal.until("30 100");
      await terminal.until("# ");
      terminal.press("exit 0\r");
      expect(await terminal.code).toBe(0);
      const id = session();
      await closed(id);

      const { stdout } = await door.postern("sessions", "replay", id, "--instant");
      expect(stdout).toContain("\x1b[31mred\x1b[0m\r\n");
      const cast = await door.postern("sessions", "replay", id, "--format", "asciicast");
      const [header, ...events] = cast.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(header).toMatchObject({ version: 2, width: 120, height: 40, env: { TERM: "xterm" } });
      expect(Math.abs(header.timestamp - Date.now() / 1000)).toBeLessThan(120);
      let before = 0;
      for (const [time, code, data] of events) {
        expect(time).toBeGreaterThanOrEqual(before);
        expect(["o", "i", "r"]).toContain(code);
        expect(typeof data).toBe("string");
        before = time;
      }
      const of = (code: string) => events.filter((event) => event[1] === code).map((event) => event[2]);
      expect(of("o").join("")).toContain("\x1b[31mred\x1b[0m\r\n");
      expect(of("i").join("")).toContain("PS1='# '\r");
      expect(of("r")).toContain("100x30");
    },
    60_000,
  );

  testWith(...lacks)(
    "a password that is typed while the echo is off is kept nowhere",
    async () => {
      const terminal = new SshTerminal(door, [
        "stty -echo; printf 'Password: '; read -r p; echo; printf %s \"$p\" | wc -c",
      ]);
      await terminal.until("Password: ");
      terminal.press("hunter2-secret\r");
      await terminal.until("14");
      await terminal.code;
      const id = session();
      await closed(id);
      const { stdout } = await door.postern("sessions", "replay", id, "--instant");
      expect(stdout).toContain("unseen");
      for (const folder of ["recordings", "trail"])
        expect(holds(join(door.data, folder), "hunter2-secret")).toBe(false);
    },
    60_000,
  );

  testWith(...lacks)(
    "of a command: what it was, its output, the hash of its input, its status",
    async () => {
      const stdin = "some input\n".repeat(1000);
      const { code } = await door.ssh(["wc -c; echo oops >&2; exit 3"], { stdin });
      expect(code).toBe(3);
      const id = session();
      await closed(id);
      const { stdout } = await door.postern("sessions", "replay", id, "--instant");
      const sha256 = createHash("sha256").update(stdin).digest("hex");
      for (const line of ["=> wc -c; echo oops >&2; exit 3", "[0] | 11000", "[0] ! oops", "[0] exit 3"]) {
        expect(stdout).toContain(`${line}\n`);
      }
      expect(stdout).toContain(`[0] stdin bytes=11000 sha256=${sha256}\n`);
    },
    60_000,
  );

  testWith(...lacks)(
    "a value leaves neither a command nor a terminal whole, and stands in no recording",
    async () => {
      const secret = "alice@example.com";
      writeFileSync(join(door.server.user.home, "people"), `name: ${secret}\ncard 4111 1111 1111 1111\n`);
      const dressed = `printf 'al\\033[1mice@exam\\033[0mple.com\\n'; for c in a l i c e @ e x a m p l e . c o m; do printf $c; done; echo; cat people`;
      const { stdout } = await door.ssh([dressed]);
      const plain = stdout.toString().replaceAll("\x1b[1m", "").replaceAll("\x1b[0m", "");
      expect(plain).toBe("****\n****\nname: ****\ncard ****\n");
      const inTerminal = new SshTerminal(door, [dressed]);
      expect(await inTerminal.code).toBe(0);
      expect(inTerminal.screen.replaceAll("\x1b[1m", "").replaceAll("\x1b[0m", "")).not.toContain(secret);
      const slow = new SshTerminal(door, [
        "for c in a l i c e @ e x a m p l e . c o m; do printf $c; sleep 0.02; done; echo",
      ]);
      expect(await slow.code).toBe(0);
      expect(slow.screen).not.toContain(secret);
      await closed(session());
      expect(holds(join(door.data, "recordings"), secret)).toBe(false);
    },
    60_000,
  );

  testWith(...lacks)(
    "a second person looks on while it goes on, and the trail says so",
    async () => {
      const terminal = new SshTerminal(door);
      await terminal.until("$ ");
      const id = session();
      const watching = Bun.spawn([process.execPath, main, "sessions", "watch", id, "--data", door.data], {
        stdout: "pipe",
        stderr: "pipe",
      });
      let seen = "";
      const following = (async () => {
        for await (const chunk of watching.stdout) seen += Buffer.from(chunk).toString();
      })();
      terminal.press("echo wat''ched\r");
      await terminal.until("watched");
      await door.until("the other one sees it", () => seen.includes("watched"));
      terminal.press("exit\r");
      await terminal.code;
      expect(await watching.exited).toBe(0);
      await following;
      const watches = door
        .entries("admin")
        .filter(({ what, target }) => what === "session-watch" && target === id);
      expect(watches.length).toBe(1);
    },
    60_000,
  );
});

function holds(folder: string, text: string): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).some(
    (entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text),
  );
}
