import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StoredLogin } from "../../core/cli/login/stored.ts";
import type { Printed } from "../postern.ts";

const launcher = join(import.meta.dir, "../../core/cli/postern.mjs");

/** A person's own machine: a home, and the command line as it was installed. */
export class Home {
  constructor(
    readonly folder: string,
    readonly ca: string,
  ) {}

  get loginFile(): string {
    return join(this.folder, ".config", "postern", "login.json");
  }

  login(): StoredLogin {
    return JSON.parse(readFileSync(this.loginFile, "utf8")) as StoredLogin;
  }

  /** Makes the stored token look as if it ended so soon (milliseconds). */
  ageLogin(left: number): void {
    const [obtained, expires] = [Date.now() - 3_600_000, Date.now() + left];
    writeFileSync(this.loginFile, JSON.stringify({ ...this.login(), obtained, expires }));
  }

  mode(path: string): string {
    return (statSync(path).mode & 0o777).toString(8);
  }

  postern(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Printed> {
    return this.start(args, environment).ended;
  }

  /** `said`: resolves with what this finds on standard error, as soon as it is there. */
  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const child = Bun.spawn(["node", launcher, ...args], {
      env: {
        PATH: process.env.PATH ?? "",
        HOME: this.folder,
        POSTERN_CA: this.ca,
        BROWSER: "/bin/true",
        ...environment,
      },
      cwd: this.folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    let stderr = "";
    const found = Promise.withResolvers<string>();
    let pattern = /$^/;
    const read = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stderr) {
        stderr += decoder.decode(chunk, { stream: true });
        const match = pattern.exec(stderr)?.[0];
        if (match !== undefined) found.resolve(match);
      }
      found.reject(new Error(`It ended without saying so: ${stderr}`));
    })();
    found.promise.catch(() => {});
    return {
      child,
      said(wanted: RegExp): Promise<string> {
        pattern = wanted;
        const match = pattern.exec(stderr)?.[0];
        if (match !== undefined) found.resolve(match);
        return found.promise;
      },
      ended: (async (): Promise<Printed> => {
        const [stdout, code] = await Promise.all([new Response(child.stdout).text(), child.exited, read]);
        return { code, stdout, stderr };
      })(),
    };
  }
}
