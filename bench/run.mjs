// `npm run bench`: installs the npm packages, sees that the peers are there, then measures in Bun.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { install, root } from "../demo/install.mjs";
import { prepareMachine } from "../test/run/machine.mjs";
import { peers } from "./peers.mjs";

const bun = install(console.error);
await prepareMachine(console.error, peers);
const child = spawn(bun, [join(root, "bench", "main.ts"), ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => process.exit(code ?? 1));
