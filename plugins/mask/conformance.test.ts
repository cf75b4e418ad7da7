import { guardrailConformance } from "../../core/testing/index.ts";
import { hash, mask } from "./index.ts";

const key = { label: "key", read: async () => "an invented key of the tests" };

guardrailConformance({
  make: () => mask({ columns: ["email", "card"], detect: ["email", "card", "phone"] }),
});
guardrailConformance({
  make: () => mask({ columns: [{ column: "email", as: hash(key) }], strategy: "partial" }),
});
guardrailConformance({
  make: () =>
    mask({ name: "mask-streams", answers: ["document", "stream"], detect: ["email", "card", "phone"] }),
});
