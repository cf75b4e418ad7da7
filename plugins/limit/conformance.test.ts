import { guardrailConformance } from "../../core/testing/index.ts";
import { limit } from "./index.ts";

guardrailConformance({ make: () => limit({ rows: 3, statementTime: "30s", sessions: 5, rate: "5/1h" }) });
