import { group } from "../../core/index.ts";
import { guardrailConformance } from "../../core/testing/index.ts";
import { approve } from "./index.ts";

guardrailConformance({ make: () => approve({ by: group("leads"), within: "15m" }).for("write") });
