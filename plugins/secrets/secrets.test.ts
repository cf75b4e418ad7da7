import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PosternError, type Secret } from "../../core/plugin.ts";
import { env, exec, file } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-secrets-"));
});
afterEach(async () => {
  delete process.env.POSTERN_TEST_SECRET;
  await rm(folder, { recursive: true });
});

const canary = "canary-7f3a";

async function refusal(secret: Secret): Promise<PosternError> {
  const error = await secret.read().catch((thrown: unknown) => thrown);
  if (!(error instanceof PosternError)) throw new Error("It was read.");
  expect(error.code).toBe("secret.unavailable");
  expect(error.more.hint).toBeString();
  expect(Bun.inspect(error)).not.toContain(canary);
  return error;
}

/** A shell script as the command, written to a file: its text is on no command line. */
async function script(text: string): Promise<string> {
  const path = join(folder, "vault");
  await Bun.write(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

test("env: read when asked, not when named", async () => {
  const secret = env("POSTERN_TEST_SECRET");
  expect(secret.label).toBe("env POSTERN_TEST_SECRET");
  expect((await refusal(secret)).message).toBe("The environment variable POSTERN_TEST_SECRET is not set.");
  process.env.POSTERN_TEST_SECRET = `${canary}\n`;
  expect(await secret.read()).toBe(canary);
  process.env.POSTERN_TEST_SECRET = "\n";
  expect((await refusal(secret)).message).toContain("is empty");
  process.env.POSTERN_TEST_SECRET = canary.repeat(10_000);
  expect((await refusal(secret)).message).toContain("longer than 65536 bytes");
});

test("env: a secret in place of its name is not quoted", () => {
  try {
    env(`postgres://u:${canary}@host`);
    throw new Error("It was taken.");
  } catch (error) {
    expect(error).toBeInstanceOf(PosternError);
    expect(Bun.inspect(error instanceof Error ? error.message : error)).not.toContain(canary);
  }
});

test("file: read anew each time; one trailing newline is not part of it", async () => {
  const path = join(folder, "secret");
  const secret = file(path);
  expect((await refusal(secret)).message).toBe(`file ${path} cannot be opened (ENOENT).`);
  await Bun.write(path, ` ${canary} \r\n`);
  expect(await secret.read()).toBe(` ${canary} `);
  await Bun.write(path, "other\n\n");
  expect(await secret.read()).toBe("other\n");
});

test("file: nothing but a short regular file", async () => {
  const path = join(folder, "secret");
  await Bun.write(path, canary.repeat(10_000));
  expect((await refusal(file(path))).message).toContain("longer than 65536 bytes");
  await Bun.write(path, `${canary}\0`);
  expect((await refusal(file(path))).message).toContain("zero byte");
  await Bun.write(path, "");
  expect((await refusal(file(path))).message).toContain("is empty");
  expect((await refusal(file(folder))).message).toContain("is no regular file");
  const pipe = join(folder, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  expect((await refusal(file(pipe))).message).toContain("is no regular file");
});

test("exec: what the command prints, with its arguments, without a shell", async () => {
  const command = await script('printf "%s|" "$@"');
  const secret = exec(command, "a b", "$HOME", { timeout: "30s" });
  expect(secret.label).toBe(`exec ${command}`);
  expect(await secret.read()).toBe("a b|$HOME|");
});

test("exec: one run serves the sessions of a short while, and no failure is kept", async () => {
  const command = await script(`echo x >> ${folder}/runs; cat ${folder}/secret`);
  const secret = exec(command, { cache: "1h" });
  expect((await refusal(secret)).message).toBe(`exec ${command} ended with exit status 1.`);
  await Bun.write(join(folder, "secret"), canary);
  expect(await Promise.all([secret.read(), secret.read()])).toEqual([canary, canary]);
  expect(await secret.read()).toBe(canary);
  expect(await readFile(join(folder, "runs"), "utf8")).toBe("x\nx\n");
  const eager = exec(command, { cache: "0s" });
  await eager.read();
  await eager.read();
  expect(await readFile(join(folder, "runs"), "utf8")).toBe("x\nx\nx\nx\n");
});

test("exec: what fails says which command, and nothing that it printed", async () => {
  expect((await refusal(exec(join(folder, "gone")))).message).toContain("could not be started (ENOENT)");
  const failing = await script(`echo ${canary}; echo ${canary} >&2; exit 3`);
  expect((await refusal(exec(failing))).message).toBe(`exec ${failing} ended with exit status 3.`);
  const long = await script(`yes ${canary}`);
  expect((await refusal(exec(long))).message).toContain("more than 65536 bytes");
  expect((await refusal(exec(await script(":")))).message).toContain("is empty");
});

test("exec: a command that hangs, and what it started, end at the deadline", async () => {
  const fifo = join(folder, "alive");
  Bun.spawnSync(["mkfifo", fifo]);
  // The grandchild holds the pipe's writing end: end of file means that it is gone too.
  const hanging = await script(`sleep 1000 3> ${fifo} & sleep 1000`);
  const gone = readFile(fifo);
  expect((await refusal(exec(hanging, { timeout: "300ms" }))).message).toContain("took longer than 300 ms");
  expect((await gone).length).toBe(0);
}, 20_000);
