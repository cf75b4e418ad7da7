// `npm run demo`: installs what is missing, then runs demo/main.ts in Bun. Node and npm are enough.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { install, root } from "./install.mjs";

let bun;
try {
  bun = install(console.log);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const child = spawn(bun, [join(root, "demo", "main.ts"), ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
// Ctrl-C reaches the child as well, and it cleans up; this process only waits for it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => process.exit(code ?? 1));
