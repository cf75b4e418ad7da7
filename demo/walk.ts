import type { Client, Printed } from "./client.ts";
import { customers } from "./customers.ts";
import type { Database } from "./database.ts";
import type { DemoGateway } from "./gateway.ts";
import { checked, faint, received, say, sent, title } from "./screen.ts";

export interface Walk {
  readonly database: Database;
  readonly gateway: DemoGateway;
  /** Sam of support, with a token and without any password of the database. */
  readonly sam: Client;
  readonly leaToken: string;
}

/** The four steps. Returns what did not hold; empty when all of it did. */
export async function walk(scene: Walk): Promise<string[]> {
  const failed: string[] = [];
  const expect: Expect = (what, held) => {
    checked(what, held);
    if (!held) failed.push(what);
  };
  for (const step of [maskedRead, refusedDrop, heldUpdate, replay]) await step(scene, expect);
  return failed;
}

type Expect = (what: string, held: boolean) => void;

async function maskedRead({ sam }: Walk, expect: Expect): Promise<void> {
  title("1  A read comes back masked");
  const answer = await ask(sam, "select id, name, email, card, city from customers order by id");
  expect(
    "five rows arrived",
    customers.every(({ name }) => answer.text.includes(name)),
  );
  expect("no e-mail address and no card number is in them", !clear(answer.text));
}

async function refusedDrop({ sam, database }: Walk, expect: Expect): Promise<void> {
  title("2  What no rule allows never reaches the database");
  const answer = await ask(sam, "drop table customers");
  expect("it was refused, with the reason", answer.failed && /not allowed/.test(answer.text));
  const [[count] = []] = await database.sql("select count(*) from customers");
  expect("the table is still there", count === String(customers.length));
}

async function heldUpdate({ sam, gateway, database, leaToken }: Walk, expect: Expect): Promise<void> {
  title("3  A change waits, on its open connection, until someone else approves it");
  const statement = "update customers set city = 'Oslo' where id = 4";
  const waiting = Promise.withResolvers<string>();
  const answer = sam.run(statement, (soFar) => {
    const id = /hold_\w+/.exec(soFar)?.[0];
    if (id) waiting.resolve(id);
  });
  sent("Sam", statement);
  const ended = answer.then((printed) => {
    throw new Error(`The update was not held:\n${printed.text}`);
  });
  ended.catch(() => {});
  const hold = await Promise.race([waiting.promise, ended]);
  say(`  ${faint("and waits. Lea, who leads the team, looks and approves:")}`);
  say(`    $ postern approvals list\n${indented(await gateway.postern(["approvals", "list"], leaToken))}`);
  const city = async () => (await database.sql("select city from customers where id = 4"))[0]?.[0];
  expect("nothing has changed yet", (await city()) === "Bergen");
  say(`    $ postern approvals approve ${hold}`);
  say(indented(await gateway.postern(["approvals", "approve", hold], leaToken)));
  const { text, failed } = await answer;
  received(text);
  expect("the update ran, once", !failed && text.includes("UPDATE 1") && (await city()) === "Oslo");
}

async function replay({ gateway }: Walk, expect: Expect): Promise<void> {
  title("4  Everything can be seen again, as Sam saw it, and nobody can change it unseen");
  const sessions = JSON.parse(await gateway.postern(["sessions", "list", "--all", "--json"]));
  const id = sessions.at(-1)?.id ?? "";
  say(`    $ postern sessions replay ${id}`);
  const replayed = await gateway.postern(["sessions", "replay", id, "--speed", "0"]);
  say(indented(replayed));
  expect("the recording shows the masked rows", replayed.includes("Ada Brandt") && !clear(replayed));
  say("    $ postern audit verify");
  say(indented(await gateway.postern(["audit", "verify"])));
  expect("the chain of the trail is whole", true);
}

async function ask(client: Client, statement: string): Promise<Printed> {
  sent("Sam", statement);
  const printed = await client.run(statement);
  received(printed.text);
  return printed;
}

function clear(text: string): boolean {
  return customers.some(({ email, card }) => text.includes(email) || text.includes(card));
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, "      ");
}
