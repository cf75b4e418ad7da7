import { hostname } from "node:os";
import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { PosternError } from "../../error.ts";
import { collect } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { CertificateFolder } from "./folder.ts";

interface Flags {
  readonly name?: string[];
  readonly client?: string[];
  readonly out: string;
  readonly days: string;
  readonly renew?: true;
}

export function makeCertificates(terminal: Terminal): Command {
  return command("certs", {
    summary: "make certificates for a first try",
    description:
      "Makes a certificate authority of your own and a certificate for the gateway: ca.crt, ca.key, server.crt,\n" +
      "server.key; with --client also a client certificate. An authority that is there already is used again.\n" +
      "Good for trying TLS: in production use certificates of the authority that your clients trust anyway.",
    examples: [
      "postern certs --name db.example.com --name 10.0.0.7 --out /etc/postern/tls",
      "postern certs --client alice",
      "postern certs --name db.example.com --renew    # a running gateway takes the new one at once",
    ],
    exits: [1],
  })
    .option("--name <host>", "a host name or address that callers use; may be repeated", collect)
    .option("--client <name>", "make a client certificate for this name; may be repeated", collect)
    .option("--out <dir>", "where to put them", "certs")
    .option("--days <n>", "how long they are good for", "365")
    .option("--renew", "replace the server's certificate that is there")
    .action(async (flags: Flags) => {
      const folder = new CertificateFolder(resolve(flags.out), daysOf(flags.days));
      const names = namesOf(flags);
      const { client: clients = [], renew = false } = flags;
      const made = clients.length > 0 && folder.hasServer && !renew ? [] : await folder.server(names, renew);
      for (const client of clients) made.push(...(await folder.client(client)));
      const shown = (file: string) => shortest(join(folder.path, file));
      for (const file of made) terminal.err(`wrote ${shown(file)}\n`);
      terminal.out(advice(shown, names, clients[0]));
    });
}

/** This machine's own names always; the first one given is what the advice shows. */
function namesOf({ name = [] }: Flags): [string, ...string[]] {
  const [first = "localhost", ...rest] = [...new Set([...name, "localhost", hostname(), "127.0.0.1", "::1"])];
  return [first, ...rest];
}

function daysOf(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 3650) return days;
  throw new PosternError("cli.usage", `--days ${text} makes no sense.`, { hint: "Give 1 to 3650." });
}

function shortest(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
}

function advice(shown: (file: string) => string, names: readonly string[], client?: string): string {
  const clientCa = client === undefined ? "" : `, clientCa: "${shown("ca.crt")}"`;
  const own =
    client === undefined ? "" : ` sslcert=${shown(`${client}.crt`)} sslkey=${shown(`${client}.key`)}`;
  const shows =
    client === undefined ? "" : ` --cert ${shown(`${client}.crt`)} --key ${shown(`${client}.key`)}`;
  return [
    "In the policy:",
    `  listen: { postgres: { host: "0.0.0.0", port: 5432, tls: { cert: "${shown("server.crt")}", key: "${shown("server.key")}"${clientCa} } } },`,
    ...(client === undefined
      ? []
      : [
          `  identity: [mtls({ ca: "${shown("ca.crt")}", kind: "person" })],  // the certificate alone says who it is`,
        ]),
    "At the caller, who needs ca.crt and no key of the gateway's:",
    `  psql "host=${names[0]} port=5432 dbname=RESOURCE user=YOU sslmode=verify-full sslrootcert=${shown("ca.crt")}${own}"`,
    "Over HTTP or to a cluster, with a listener `http` or `kubernetes` that has the same `tls`:",
    `  curl --cacert ${shown("ca.crt")}${shows} https://${names[0]}:PORT/RESOURCE/`,
    `  postern connect RESOURCE --ca ${shown("ca.crt")} -- kubectl get pods`,
    "",
  ].join("\n");
}
