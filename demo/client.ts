import { spawn } from "node:child_process";
import pg from "pg";

/** What an ordinary client printed. */
export interface Printed {
  readonly text: string;
  readonly failed: boolean;
}

/** A client as anybody has it: no part of Postern, no password of the database. */
export interface Client {
  readonly name: string;
  /** Runs one statement. `noticed` is called with all that was printed so far whenever there is more. */
  run(statement: string, noticed?: (soFar: string) => void): Promise<Printed>;
}

export interface Login {
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** A token, or a short-lived password. */
  readonly password: string;
}

/** psql where there is one, else node-postgres. */
export function ordinaryClient(login: Login): Client {
  return Bun.which("psql") ? psql(login) : nodePostgres(login);
}

export function url({ port, database, user, password }: Login): string {
  return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

function psql({ port, database, user, password }: Login): Client {
  return {
    name: "psql",
    run: (statement, noticed) =>
      new Promise((resolve, reject) => {
        const child = spawn(
          "psql",
          ["-X", "-h", "127.0.0.1", "-p", String(port), "-U", user, "-d", database, "-c", statement],
          {
            env: { ...process.env, PGPASSWORD: password, PSQLRC: "/dev/null" },
            stdio: ["ignore", "pipe", "pipe"],
          },
        );
        let text = "";
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
            noticed?.(text);
          });
        }
        child.once("error", reject);
        child.once("close", (code) => resolve({ text, failed: code !== 0 }));
      }),
  };
}

function nodePostgres({ port, database, user, password }: Login): Client {
  return {
    name: "node-postgres (there is no psql on PATH)",
    async run(statement, noticed) {
      const client = new pg.Client({ host: "127.0.0.1", port, database, user, password });
      let text = "";
      client.on("notice", ({ message, hint }) => {
        text += `NOTICE:  ${message}\n${hint ? `HINT:  ${hint}\n` : ""}`;
        noticed?.(text);
      });
      await client.connect();
      try {
        const { command, rowCount, rows } = await client.query<Record<string, unknown>>(statement);
        return { text: text + (rows.length > 0 ? table(rows) : `${command} ${rowCount}\n`), failed: false };
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
        const { severity, message, detail, hint } = error;
        const more = [detail && `DETAIL:  ${detail}`, hint && `HINT:  ${hint}`].filter(Boolean);
        return { text: `${text}${[`${severity}:  ${message}`, ...more].join("\n")}\n`, failed: true };
      } finally {
        await client.end();
      }
    },
  };
}

/** Rows the way psql draws them. */
function table(rows: readonly Record<string, unknown>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? "")))];
  const widths = names.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) => row.map((cell, at) => ` ${cell.padEnd(widths[at] ?? 0)} `).join("|"));
  lines.splice(1, 0, widths.map((width) => "-".repeat(width + 2)).join("+"));
  return `${lines.join("\n")}\n(${rows.length} row${rows.length === 1 ? "" : "s"})\n`;
}
