import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Login, ordinaryClient, url } from "./client.ts";
import { startDatabase } from "./database.ts";
import { type DemoGateway, startGateway } from "./gateway.ts";
import { bold, during, faint, say, title } from "./screen.ts";
import { walk } from "./walk.ts";

const onlyCheck = process.argv.includes("--check");
/** What was started, in this order; each may still be starting. */
const started: Promise<{ close(): Promise<void> }>[] = [];
let closing = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (closing) return;
    say(faint("\nStopping the gateway and the database, and removing their files."));
    void close(onlyCheck ? 1 : 0);
  });
}

try {
  await close(await show());
} catch (error) {
  if (!closing) console.error(error instanceof Error ? error.message : error);
  await close(1);
}

async function show(): Promise<number> {
  say(bold("Postern: the one door between people and a database"));
  const database = await during("Starting a database", () =>
    closeLater(startDatabase(process.argv.includes("--pglite"))),
  );
  say(faint(`  ${database.name}, with a table of invented customers`));
  const gateway = await during("Starting the gateway (postern serve demo/demo.policy.ts)", () =>
    closeLater(startGateway(database)),
  );
  const [samToken, leaToken] = [await token(gateway, "sam", "support"), await token(gateway, "lea", "leads")];
  const login: Login = { port: gateway.port, database: "shop", user: "sam", password: samToken };
  const sam = ordinaryClient(login);
  say(`\nSam works in support and connects with ${sam.name}: with a token, and no password of the database.`);

  const failed = await walk({ database, gateway, sam, leaToken });
  if (!onlyCheck) {
    await invite(gateway, login, leaToken);
    await new Promise(() => {});
  }
  say(failed.length === 0 ? "\nEvery step held." : `\n${failed.length} did not hold: ${failed.join("; ")}`);
  return failed.length === 0 ? 0 : 1;
}

/** What the reader can do now. A short-lived user and password stand for Sam's token: they fit in a line. */
async function invite(gateway: DemoGateway, login: Login, leaToken: string): Promise<void> {
  const issued = await gateway.postern(
    ["credentials", "issue", "shop", "--ttl", "12h", "--json"],
    login.password,
  );
  const tokenFile = join(gateway.data, "..", "lea.token");
  writeFileSync(tokenFile, leaToken, { mode: 0o600 });
  title("Now you");
  say("You are Sam:\n");
  say(`psql "${url({ ...login, ...(JSON.parse(issued) as { user: string; password: string }) })}"`);
  say("\nSomething that waits: update customers set city = 'Rome' where id = 1;");
  say("In a second terminal, in this folder, you are Lea, and see and approve it:\n");
  say(`npm run -s postern -- approvals list --data ${gateway.data}`);
  say(`npm run -s postern -- approvals approve HOLD --data ${gateway.data} --token-file ${tokenFile}`);
  say(faint("\nThe policy is demo/demo.policy.ts: change it, save it, and the next statement follows it."));
  say(faint(`What the gateway says, also of a policy that it refuses: ${gateway.log}`));
  say(faint("Ctrl-C stops everything and removes its files."));
}

async function token(gateway: DemoGateway, subject: string, group: string): Promise<string> {
  const mint = ["token", "mint", "--subject", subject, "--group", group, "--ttl", "24h"];
  return (await gateway.postern(mint)).trim();
}

function closeLater<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  started.push(starting);
  return starting;
}

async function close(code: number): Promise<never> {
  closing = true;
  for (const starting of started.reverse()) await starting.then((it) => it.close()).catch(() => {});
  process.exit(code);
}
