import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { publicClient } from "../servers/oidc.ts";
import { run } from "./client.ts";
import { libpq18 } from "./psql.ts";

/** How a client with libpq 18 signs in: what it is told, and what it finds. */
export interface SignIn {
  /** PEM file of the gateway's authority. */
  readonly ca: string;
  readonly issuer: string;
  /** Who signs in at the provider. */
  readonly account: string;
  /** Prints the token, in place of the device flow. */
  readonly flow?: string;
}

/** libpq 18 has hooks and no flow of its own here; this is built for the one that it gets. Returns the library's path. */
export function builtFlow(folder: string): string {
  const library = join(folder, "oauth_flow.so");
  const source = join(import.meta.dir, "oauth_flow.c");
  const { status, stderr } = spawnSync("cc", ["-shared", "-fPIC", "-Wall", "-o", library, source, "-ldl"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return library;
}

/** What makes a program that uses libpq one that uses libpq 18 and can sign in. */
export function signingIn(library: string, { account, flow }: SignIn): Record<string, string> {
  return {
    LD_LIBRARY_PATH: libpq18,
    LD_PRELOAD: library,
    OAUTH_FLOW: flow ?? `'${process.execPath}' '${join(import.meta.dir, "oauth-flow.ts")}'`,
    OAUTH_CLIENT: publicClient,
    OAUTH_ACCOUNT: account,
    // The provider is on the loopback interface, without TLS.
    PGOAUTHDEBUG: "UNSAFE",
  };
}

/** psql without any password; `connection` is put behind what a person would write. */
export function psqlByOauth(library: string, port: number, signIn: SignIn, sql: string, connection = "") {
  const { ca, issuer } = signIn;
  const conninfo = `host=localhost port=${port} dbname=shop user=oauth sslmode=verify-full sslrootcert=${ca} oauth_issuer=${issuer} oauth_client_id=${publicClient} ${connection}`;
  return run(
    ["/usr/lib/postgresql/15/bin/psql", "-XAtq", "-w", "-c", sql, conninfo],
    signingIn(library, signIn),
  );
}
