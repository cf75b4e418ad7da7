import { describe, expect, spyOn, test } from "bun:test";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { cli, FakeControl, problem } from "./testing/cli.ts";

const empty = () => mkdtempSync(join(tmpdir(), "postern-cli-"));

describe("exit codes", () => {
  const cases: [number, string, string[]][] = [
    [0, "version", ["--version"]],
    [2, "an unknown command", ["bogus"]],
    [2, "an unknown option", ["sessions", "list", "--bogus"]],
    [2, "a missing argument", ["sessions", "show"]],
    [2, "a missing option", ["token", "mint"]],
    [2, "a duration that is none", ["token", "mint", "--subject", "a", "--ttl", "soon"]],
    [2, "a speed that is none", ["sessions", "replay", "s", "--speed", "fast"]],
    [2, "a time that is none", ["audit", "query", "--since", "yesterday"]],
    [2, "a count that is none", ["audit", "query", "--limit", "0"]],
    [2, "a log level that is none", ["serve", "p.ts", "--log-level", "loud"]],
    [3, "no gateway", ["sessions", "list"]],
    [4, "no token", ["approvals", "approve", "hold_1"]],
    [4, "a token file that is not there", ["approvals", "approve", "hold_1", "--token-file", "/nowhere"]],
    [1, "a trail without key", ["audit", "verify"]],
    [1, "a policy that is not there", ["policy", "check", "/nowhere.ts"]],
  ];
  for (const [code, what, args] of cases) {
    test(`${code}: ${what}`, async () => {
      const ran = await cli(args, { env: { POSTERN_DATA: empty() } });
      expect(ran.code).toBe(code);
      expect(code === 0 ? ran.out : ran.err).not.toBe("");
    });
  }

  test("4 where the gateway refuses the token, 1 where it refuses the wish", async () => {
    const codes = ["identity.refused", "request.no-token", "approval.refused"];
    const seen: number[] = [];
    for (const code of codes) {
      await using control = new FakeControl(() => problem(400, code, "No."));
      seen.push((await control.cli(["sessions", "list"])).code);
    }
    expect(seen).toEqual([4, 4, 1]);
  });
});

describe("errors", () => {
  test("say what happened, what to do next, and the code", async () => {
    await using control = new FakeControl(() => problem(404, "session.unknown", "No session.", "List them."));
    const { err, out } = await control.cli(["sessions", "show", "ses_1"]);
    expect(err).toBe("postern: No session.\n  List them. [session.unknown]\n");
    expect(out).toBe("");
  });

  test("move no cursor and set no title, whatever a gateway or a provider says", async () => {
    const said = "\x1b]0;owned\x07\x1b[2J\u202etxt.exe\r";
    await using control = new FakeControl(() =>
      Response.json(
        { code: `c${said}`, message: `m${said}`, hint: `h${said}`, rule: `r${said}` },
        { status: 400 },
      ),
    );
    const { err } = await control.cli(["sessions", "show", "ses_1"]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(err).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(err).toContain("\\x1b]0;owned\\x07");
  });

  test("are one JSON object where a machine reads", async () => {
    await using control = new FakeControl(() => problem(404, "session.unknown", "No session.", "List them."));
    const { err } = await control.cli(["sessions", "show", "ses_1", "--json"]);
    expect(JSON.parse(err)).toEqual({
      error: { code: "session.unknown", message: "No session.", hint: "List them." },
    });
  });

  test("say so when what answers is no gateway", async () => {
    await using control = new FakeControl(() => new Response("<html>", { status: 502 }));
    expect((await control.cli(["sessions", "list"])).err).toContain("answers 502. [control.failed]");
  });
});

describe("where the gateway and the token are", () => {
  test("--data before POSTERN_DATA", async () => {
    await using control = new FakeControl(() => ({ sessions: [] }));
    expect((await cli(["sessions", "list"], { env: { POSTERN_DATA: control.dataDir } })).code).toBe(0);
    expect((await control.cli(["sessions", "list"], { env: { POSTERN_DATA: "/nowhere" } })).code).toBe(0);
  });

  test("not in a folder of somebody else's that nobody has named: it would get the token", async () => {
    await using control = new FakeControl(() => ({ user: "u", password: "p", expires: 0 }));
    const here = mkdtempSync(join(tmpdir(), "postern-cli-"));
    symlinkSync(control.dataDir, join(here, ".postern"));
    const before = process.cwd();
    const issue = ["credentials", "issue", "--token", "t"];
    const status = ["sessions", "list"];
    process.chdir(here);
    try {
      expect((await cli(issue)).code).toBe(0);
      using _somebody = spyOn(process, "getuid").mockReturnValue(4711);
      for (const args of [issue, status]) expect((await cli(args)).err).toContain("[control.foreign]");
      expect((await cli([...issue, "--data", ".postern"])).code).toBe(0);
    } finally {
      process.chdir(before);
    }
    expect(control.asked).toHaveLength(2);
  });

  test("--token-file before --token before POSTERN_TOKEN", async () => {
    await using control = new FakeControl(() => ({ user: "u", password: "p", expires: 0 }));
    const file = join(control.dataDir, "token");
    writeFileSync(file, "from-file\n");
    const issue = ["credentials", "issue"];
    const env = { POSTERN_TOKEN: "from-env" };
    await control.cli(issue, { env });
    await control.cli([...issue, "--token", "from-flag"], { env });
    await control.cli([...issue, "--token", "from-flag", "--token-file", file], { env });
    expect(control.asked.map(({ token }) => token)).toEqual(["from-env", "from-flag", "from-file"]);
  });
});

test("--version is the package's", async () => {
  expect((await cli(["--version"])).out).toBe(`${manifest.version}\n`);
});
