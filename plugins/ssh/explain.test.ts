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

test("a shell is explained by its name", async () => {
  for (const shell of ["(shell)", "(guarded shell)"]) {
    const { allowed, steps } = await explain(policy, alice, "bastion", shell);
    expect([allowed, steps.map(({ action }) => action)]).toEqual([false, [{ effect: "execute", on: shell }]]);
  }
});
