import { expect, test } from "bun:test";
import type { HoldView } from "../../control/api.ts";
import { FakeControl, ndjson, problem } from "../testing/cli.ts";

const hold = (more: Partial<HoldView> = {}): HoldView => ({
  id: "hold_1",
  session: "ses_1",
  identity: { issuer: "i", subject: "sam", kind: "person", groups: ["support"] },
  resource: "shop",
  text: "update customers\nset city = $1",
  actions: [{ effect: "write", on: "public.customers" }],
  parameters: ["Oslo", null],
  inTransaction: true,
  by: "group leads",
  approvers: 1,
  approved: [],
  message: "CHG-7",
  openedAt: Date.now(),
  expires: Date.now() + 90_500,
  digest: "d1",
  ...more,
});
const person = (subject: string) => ({ issuer: "i", subject, kind: "person", groups: [] }) as const;
const [lea, bob] = [person("lea"), person("bob")];
const env = { POSTERN_TOKEN: "lea" };

test("list shows who waits for what, on one line each", async () => {
  await using control = new FakeControl(() => ({ approvals: [hold()] }));
  const { code, out } = await control.cli(["approvals", "list"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^WAITS +STATE +ASKED BY +RESOURCE +MAY APPROVE +OPERATION\n/);
  expect(out).toMatch(
    /hold_1 +waits, 1m 30s left +sam +shop +group leads +update customers set city = \$1\n$/,
  );
  expect(control.asked[0]?.query.has("all")).toBe(false);
  await control.cli(["approvals", "list", "--all"]);
  expect(control.asked[1]?.query.get("all")).toBe("1");
});

test("list --json is what the gateway said; nothing at all leaves standard output empty", async () => {
  const approvals = [hold()];
  await using control = new FakeControl(({ query }) => ({ approvals: query.has("all") ? approvals : [] }));
  expect(JSON.parse((await control.cli(["approvals", "list", "--all", "--json"])).out)).toEqual(approvals);
  expect(await control.cli(["approvals", "list"])).toEqual({ code: 0, out: "", err: "Nothing waits.\n" });
});

test("show has all that an approval binds to", async () => {
  await using control = new FakeControl(() => ({ approvals: [hold()] }));
  const { out } = await control.cli(["approvals", "show", "hold_1"]);
  for (const part of [
    "  update customers\n  set city = $1\n",
    '$1 = "Oslo"',
    "$2 = NULL",
    "CHG-7",
    "holds locks",
    "d1",
  ]) {
    expect(out).toContain(part);
  }
  const { code, err } = await control.cli(["approvals", "show", "hold_2"]);
  expect([code, err]).toEqual([1, expect.stringContaining("[hold.unknown]")]);
});

test("a text cannot change how it looks to its approver", async () => {
  const text = "select 1 --\x1b[2K\x1b[1A\rharmless \u202e\u2066drop";
  await using control = new FakeControl(() => ({
    approvals: [hold({ text, parameters: ["\x1b]0;x\x07"] })],
  }));
  for (const command of ["show", "list"]) {
    const { out } = await control.cli(["approvals", command, ...(command === "show" ? ["hold_1"] : [])]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e\u2066]/);
    expect(out).toContain("\\x1b[2K\\x1b[1A");
    expect(out).toContain("\\u202e\\u2066drop");
  }
});

test("show has what the resource told, as nothing that a screen obeys; list says where to look", async () => {
  const findings = [
    { label: "row estimate", value: "about 3 rows", statement: 2 },
    { label: "lock holder", value: "\x1b[2Jpublic.\u202eevil\nno locks", severity: "warning" },
  ] as const;
  await using control = new FakeControl(() => ({ approvals: [hold({ findings, types: ["text", ""] })] }));
  const { out } = await control.cli(["approvals", "show", "hold_1"]);
  expect(out).toContain('$1 text = "Oslo"');
  expect(out).toContain("$2 = NULL");
  expect(out).toMatch(/^row estimate, 2 +about 3 rows$/m);
  expect(out).toMatch(/^lock holder +\(!\) \\x1b\[2Jpublic\.\\u202eevil no locks$/m);
  expect((await control.cli(["approvals", "list"])).out).toContain("  (!) update customers");
});

test("approve sends the digest of what it prints", async () => {
  await using control = new FakeControl(({ method }) =>
    method === "GET" ? { approvals: [hold()], identity: lea } : new Response(null, { status: 204 }),
  );
  const { code, out } = await control.cli(["approvals", "approve", "hold_1", "--because", "fine"], { env });
  expect(code).toBe(0);
  expect(out).toStartWith("approved\n");
  expect(out).toMatch(/^state +approved by lea$/m);
  expect(out).toContain("  update customers\n");
  expect(control.asked[1]).toMatchObject({
    method: "POST",
    path: "/v1/approvals/hold_1",
    token: "lea",
    body: { approve: true, because: "fine", digest: "d1" },
  });
});

test("an approval can bind to what was read earlier", async () => {
  await using control = new FakeControl(({ method }) =>
    method === "GET" ? { approvals: [hold()] } : problem(409, "approval.refused", "It has changed."),
  );
  const { code, err } = await control.cli(["approvals", "approve", "hold_1", "--digest", "d0"], { env });
  expect([code, err]).toEqual([1, "postern: It has changed. [approval.refused]\n"]);
  expect(control.asked[1]?.body).toEqual({ approve: true, digest: "d0" });
});

test("deny refuses", async () => {
  await using control = new FakeControl(({ method }) =>
    method === "GET" ? { approvals: [hold()] } : new Response(null, { status: 204 }),
  );
  const { out } = await control.cli(["approvals", "deny", "hold_1", "--json"], { env });
  expect(JSON.parse(out)).toEqual({ hold: "hold_1", denied: true, digest: "d1" });
  expect(control.asked[1]?.body).toMatchObject({ approve: false });
});

test("of two approvers, list, show and the answer say who has approved", async () => {
  const first = hold({ approvers: 2, approved: [bob] });
  await using control = new FakeControl(({ method }) =>
    method === "GET" ? { approvals: [first], identity: lea } : new Response(null, { status: 204 }),
  );
  const { out: listed } = await control.cli(["approvals", "list"]);
  expect(listed).toMatch(/waits, 1 of 2 approved by bob, 1m 30s left +sam +shop +two of group leads /);
  const { out: shown } = await control.cli(["approvals", "show", "hold_1"]);
  expect(shown).toMatch(/^may approve +two of group leads$/m);
  const { out: both } = await control.cli(["approvals", "approve", "hold_1"], { env });
  expect(both).toMatch(/^state +approved by bob and lea$/m);
});

test("of two approvers, the first learns that another must follow; a no after a yes says both", async () => {
  const ended = hold({ id: "hold_2", approvers: 2, approved: [bob], how: "denied", endedBy: lea });
  await using control = new FakeControl(({ method }) =>
    method === "GET"
      ? { approvals: [hold({ approvers: 2 }), ended], identity: lea }
      : new Response(null, { status: 204 }),
  );
  const { out } = await control.cli(["approvals", "approve", "hold_1"], { env });
  expect(out).toMatch(/^state +waits, 1 of 2 approved by lea, /m);
  const { out: denied } = await control.cli(["approvals", "show", "hold_2"]);
  expect(denied).toMatch(/^state +denied by lea, after bob had approved$/m);
});

test("watch prints each event as it comes", async () => {
  const events = [
    { event: "opened", hold: hold() },
    { event: "approved", id: "hold_1", by: bob },
    { event: "ended", id: "hold_1", how: "approved" },
  ];
  await using control = new FakeControl(() => ndjson(...events));
  const { out } = await control.cli(["approvals", "watch"]);
  expect(out).toMatch(
    /^hold_1 {2}waits: sam on shop, for group leads within 1m 30s: update .*\nhold_1 {2}1 of 2 approved by bob\nhold_1 {2}approved\n$/,
  );
  const { out: json } = await control.cli(["approvals", "watch", "--json"]);
  expect(
    json
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(events);
});

test("watch ends with Ctrl-C, and that is no failure", async () => {
  const stop = new AbortController();
  const first = `${JSON.stringify({ event: "opened", hold: hold() })}\n`;
  await using control = new FakeControl(
    () => new Response(new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from(first)) })),
  );
  const ran = await control.cli(["approvals", "watch"], { signal: stop.signal, out: () => stop.abort() });
  expect([ran.code, ran.err]).toEqual([0, ""]);
});
