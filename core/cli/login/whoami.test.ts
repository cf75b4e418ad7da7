import { expect, test } from "bun:test";
import type { Whoami } from "../../control/api.ts";
import { FakeControl } from "../testing/cli.ts";

test("what one may now, and what a grant or another hour would add", async () => {
  const sam = { issuer: "i", subject: "sam", kind: "person", groups: [] } as const;
  const rights = [{ rule: "look", may: ["read"] }];
  const closed = [{ rule: "fix", may: ["write(public.orders)"] }];
  const hint = "Ask for a grant: postern request logs";
  const answer: Whoami = {
    ...{ identity: sam, label: "sam" },
    resources: [
      { name: "shop", protocol: "postgres", rights, closed },
      { name: "logs", protocol: "postgres", rights: [], closed, hint },
    ],
  };
  await using control = new FakeControl(() => answer);
  const { out } = await control.cli(["whoami"], { env: { POSTERN_TOKEN: "sam" } });
  expect(out).toMatch(/^shop +postgres +read \(look\); not now: write\(public\.orders\) \(fix\)$/m);
  expect(out).toMatch(/^logs +postgres +Ask for a grant: postern request logs$/m);
});
