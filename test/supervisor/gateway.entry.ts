import { serve } from "../../core/serve.ts";

/** `bun gateway.entry.ts POLICY DATA OPTIONS-AS-JSON`: a gateway process with what the command line does not offer. */
const [policyPath = "", dataDir = "", options = "{}"] = process.argv.slice(2);
try {
  const running = await serve({ policyPath, dataDir, ...JSON.parse(options) });
  process.exit((await running.stopped) === undefined ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error && "reason" in error ? JSON.stringify(error.reason) : error);
  process.exit(2);
}
