import { main } from "../core/cli/main.ts";
import { knownClient as curl } from "./http/client.ts";
import { knownClient as kubectl } from "./kubernetes/client.ts";
import { postgresAdopter } from "./postgres/adopt/index.ts";
import { knownClient as psql } from "./postgres/client.ts";
import { knownClient as ssh } from "./ssh/client.ts";

/* What `postern` runs: core's command line, and what plugins add to it. */

await main({ adopters: [postgresAdopter], clients: [curl, kubectl, psql, ssh] });
