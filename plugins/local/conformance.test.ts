import { identityProviderConformance } from "../../core/testing/index.ts";
import { local } from "./index.ts";

const alice = { subject: "alice", groups: ["support"], kind: "person" } as const;

identityProviderConformance({
  make: () => local(),
  good: async (open) => (await open.mint?.({ ...alice, ttl: 60_000 })) ?? "",
  bad: {
    "with another's signature": async (open) => {
      const [first, second] = await Promise.all(
        ["alice", "eve"].map(
          async (subject) => (await open.mint?.({ ...alice, subject, ttl: 60_000 })) ?? "",
        ),
      );
      return `${first?.slice(0, first.lastIndexOf("."))}${second?.slice(second.lastIndexOf("."))}`;
    },
  },
});
