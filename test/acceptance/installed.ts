import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** An operator's folder, empty but for what `npm install` puts there from packed archives. */
export class Installed {
  readonly folder = mkdtempSync(join(tmpdir(), "postern-installed-"));
  #gateway: ChildProcess | undefined;
  /** What the gateway wrote to stderr. */
  logged = "";

  /** Packs this project and the packages in these folders of it, and installs all of them. */
  async install(...packages: readonly string[]): Promise<void> {
    const archives = join(this.folder, "archives");
    mkdirSync(archives);
    for (const path of ["", ...packages])
      await this.run("npm", "pack", "--silent", "--pack-destination", archives, join(root, path));
    this.write("package.json", JSON.stringify({ name: "operator", private: true, type: "module" }));
    const { typescript, "bun-types": types } = (await Bun.file(join(root, "package.json")).json())
      .devDependencies as Record<string, string>;
    const packed = [...new Bun.Glob("*.tgz").scanSync(archives)].map((name) => join(archives, name));
    const tools = [`typescript@${typescript}`, `bun-types@${types}`];
    await this.run(
      "npm",
      "install",
      "--silent",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      ...packed,
      ...tools,
    );
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Standard output. Rejects with all it printed when it does not end with 0. */
  async run(...command: [string, ...string[]]): Promise<string> {
    const { code, stdout, stderr } = await this.ends(...command);
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  async ends(...command: [string, ...string[]]): Promise<{ code: number; stdout: string; stderr: string }> {
    const child = Bun.spawn(command, { cwd: this.folder, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [code, stdout, stderr] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code, stdout, stderr };
  }

  /** The installed command line, against the gateway that `serve` started. */
  postern(...args: string[]): Promise<string> {
    return this.run("node_modules/.bin/postern", ...args, "--data", join(this.folder, "data"));
  }

  /** The installed gateway, until `close`. Resolves with the port of its listener. */
  async serve(policy: string, environment: Record<string, string>): Promise<number> {
    const args = ["serve", policy, "--data", join(this.folder, "data")];
    const child = spawn(join(this.folder, "node_modules/.bin/postern"), args, {
      cwd: this.folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#gateway = child;
    const ready = Promise.withResolvers<number>();
    child.stderr?.on("data", (chunk: Buffer) => {
      this.logged += chunk.toString("utf8");
      const line = this.logged.split("\n").find((one) => one.includes('"msg":"ready"'));
      if (line !== undefined) ready.resolve(Number(/"port":(\d+)/.exec(line)?.[1]));
    });
    child.once("exit", (code) =>
      ready.reject(new Error(`postern serve ended with ${code}:\n${this.logged}`)),
    );
    return ready.promise;
  }

  async close(): Promise<void> {
    const child = this.#gateway;
    if (child && child.exitCode === null) {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Why nothing can be packed and installed here; undefined when it can. */
export const lacksNpm = spawnSync("npm", ["--version"]).status === 0 ? undefined : "no npm";
