import { expect, test } from "bun:test";
import { explain } from "../../core/explain.ts";
import { provider, somebody } from "../../core/policy/fixture.ts";
import { gateway } from "../../core/policy/gateway.ts";
import { execute } from "../../core/policy/right.ts";
import { group } from "../../core/who.ts";
import { ssh } from "./index.ts";

const policy = gateway({
  listen: { ssh: { host: "127.0.0.1", port: 2222 } },
  identity: [provider],
  resources: {
    bastion: ssh({
      host: "bastion",
      user: "ops",
      hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
    }),
  },
  rules: [
    { name: "restarts", who: group("ops"), on: "bastion", may: [execute("systemctl restart *", "df")] },
  ],
});
const alice = somebody("alice", "ops");

test("a command is explained by what it runs", async () => {
  expect(await explain(policy, alice, "bastion", "systemctl restart nginx; df -h")).toMatchObject({
    allowed: true,
    steps: [
      { action: { effect: "execute", on: "systemctl restart nginx", within: "systemctl" }, rule: "restarts" },
      { action: { effect: "execute", on: "df -h", within: "df" }, rule: "restarts" },
    ],
  });
  const refused = await explain(policy, alice, "bastion", "df; systemctl stop nginx");
  expect(refused.reason?.message).toContain("execute on systemctl stop nginx is not allowed on bastion");
});

test("says which word could not be told", async () => {
  const unclear = async (text: string) => (await explain(policy, alice, "bastion", text)).unclear;
  expect(await unclear("df; git log")).toMatch(/^git may run other programs, whatever its arguments are: /);
  expect(await unclear("tar tf x.tgz --to-command=sh")).toStartWith(
    "tar --to-command=sh is not known to run no other program",
  );
  expect(await unclear("systemctl edit nginx")).toStartWith(
    "systemctl edit is not known to run no other program (edit starts",
  );
  expect(await unclear("PATH=/tmp df")).toBe("the variable PATH, which programs or shells may read");
  expect(await unclear("$x -h")).toBe("the name of a program is not told by the text");
  expect(await unclear("df <<< x")).toBe("<<<, which sh does not have");
  expect(await unclear("eval 'df'")).toStartWith("eval df: it may");
  expect(await unclear("df {a,b}")).toBe("{a,b}, which shells read in different ways");
  expect(await unclear("if df")).toContain("grammar");
  expect(await unclear("df -h")).toBeUndefined();
  const { reason } = await explain(policy, alice, "bastion", "git log");
  expect(reason?.message).toContain("execute on git log is not allowed");
});

test("what is no command is explained in parentheses: forwards, and requests for files", async () => {
  const actions = async (text: string) =>
    (await explain(policy, alice, "bastion", text)).steps.map(({ action }) => action);
  const on = "/srv/a b";
  expect(await actions("(connect tcp db.internal:5432)")).toEqual([
    { effect: "connect", on: "tcp db.internal:5432" },
  ]);
  expect(await actions("(connect agent)")).toEqual([{ effect: "connect", on: "agent" }]);
  expect(await actions("(sftp write /srv/../srv/x)")).toEqual([{ effect: "write", on: "/srv/x" }]);
  expect(await actions(`(sftp read ${JSON.stringify(on)})`)).toEqual([{ effect: "read", on }]);
  expect(await actions("(sftp stat /srv)")).toEqual([{ effect: "read", on: "/srv", within: "/srv/" }]);
  expect(await actions("(sftp rename /a /b)")).toEqual([
    { effect: "read", on: "/a" },
    { effect: "delete", on: "/a" },
    { effect: "write", on: "/b" },
  ]);
  expect(await actions("(sftp symlink /etc/shadow /tmp/x)")).toContainEqual({
    effect: "read",
    on: "/etc/shadow",
  });
  expect(await actions("(subsystem netconf)")).toEqual([{ effect: "execute", on: "(subsystem netconf)" }]);
  // Without the parentheses it is a command of that name.
  expect(await actions("connect tcp db:5432")).toMatchObject([{ effect: "execute", within: "connect" }]);
  for (const text of [
    "(sftp read x)",
    "(sftp format /x)",
    "(sftp rename /a)",
    "(sftp read /a /b)",
    '(sftp read "/a)',
  ]) {
    expect(await actions(text).catch((error: { code: string }) => error.code)).toBe("ssh.explain");
  }
});

test("a shell is explained by its name", async () => {
  for (const shell of ["(shell)", "(guarded shell)"]) {
    const { allowed, steps } = await explain(policy, alice, "bastion", shell);
    expect([allowed, steps.map(({ action }) => action)]).toEqual([false, [{ effect: "execute", on: shell }]]);
  }
});
