import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ordinaryClient, url } from "./client.ts";
import { type Database, startDatabase } from "./database.ts";
import { type DemoGateway, startGateway } from "./gateway.ts";
import { bold, during, faint, say, title } from "./screen.ts";
import { walk } from "./walk.ts";

const onlyCheck = process.argv.includes("--check");
let database: Database | undefined;
let gateway: DemoGateway | undefined;

async function close(code: number): Promise<never> {
  await gateway?.close();
  await database?.close();
  process.exit(code);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    say(faint("\nStopping the gateway and the database, and removing their files."));
    void close(onlyCheck ? 1 : 0);
  });
}

try {
  say(bold("Postern: the one door between people and a database"));
  database = await during("Starting a database", startDatabase);
  say(faint(`  ${database.name}, with a table of invented customers`));
  gateway = await during("Starting the gateway (postern serve demo/demo.policy.ts)", () =>
    startGateway(database as Database),
  );
  const leadToken = await token("lea", "leads");
  const login = { port: gateway.port, database: "shop", user: "sam", token: await token("sam", "support") };
  const sam = ordinaryClient(login);
  say(
    `\nSam works in support and connects with ${sam.name}. Sam has a token, and no password of the database.`,
  );

  const failed = await walk({ database, gateway, sam, leadToken });
  if (onlyCheck) {
    say(failed.length === 0 ? "\nEvery step held." : `\n${failed.length} did not hold: ${failed.join("; ")}`);
    await close(failed.length === 0 ? 0 : 1);
  }

  title("Now you");
  say("You are Sam; the token is good for a day:\n");
  say(`psql "${url(login)}"`);
  say("\nSomething that waits: update customers set city = 'Rome' where id = 1;");
  say("In a second terminal, here, you are Lea and see and approve it:\n");
  const { data } = gateway;
  const tokenFile = join(data, "..", "lea.token");
  writeFileSync(tokenFile, leadToken, { mode: 0o600 });
  say(`npm run -s postern -- approvals list --data ${data}`);
  say(`npm run -s postern -- approvals approve HOLD --data ${data} --token-file ${tokenFile}`);
  say(faint("\nThe policy is demo/demo.policy.ts: change it, save it, and the next statement follows it."));
  say(faint("Ctrl-C stops everything and removes it."));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await close(1);
}

function token(subject: string, group: string): Promise<string> {
  const minted = gateway?.postern(["token", "mint", "--subject", subject, "--group", group, "--ttl", "24h"]);
  return (minted ?? Promise.reject(new Error("no gateway"))).then((text) => text.trim());
}
