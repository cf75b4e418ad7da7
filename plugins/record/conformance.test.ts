import { guardrailConformance } from "../../core/testing/index.ts";
import { record } from "./index.ts";

guardrailConformance({ make: () => record() });
guardrailConformance({ make: () => record({ statements: "redact", answers: "64B" }) });
