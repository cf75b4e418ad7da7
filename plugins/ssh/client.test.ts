import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Again } from "../../core/plugin.ts";
import { needs, testWith } from "../../test/needs.ts";
import { client, knownClient } from "./client.ts";

const secret = "pc_1:canary";
const told = {
  POSTERN_SSH_HOST: "gateway.example",
  POSTERN_SSH_PORT: "2222",
  POSTERN_SSH_USER: "bastion",
  POSTERN_SSH_HOST_KEYS: "ssh-ed25519 AAAA\nssh-ed25519 BBBB",
  POSTERN_SSH_PASSWORD: secret,
};

/** ssh asks for nothing while it runs. */
const again: Again = { command: ["postern"], ca: undefined };

function prepared(wish: Partial<typeof told>) {
  const folder = mkdtempSync(join(tmpdir(), "postern-client-"));
  try {
    const made = knownClient.prepare?.({ ...told, ...wish }, ["uptime"], folder, again);
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    return { command: made?.command ?? [], files: files.join("") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

testWith(needs.openssh)("the secret is in no file and on no command line; both keys are known", async () => {
  const { command, files } = prepared({});
  expect(command.slice(-2)).toEqual(["gateway.example", "uptime"]);
  expect(command.join(" ") + files).not.toContain("canary");
  expect(files).toMatch(/^(postern-\w+) ssh-ed25519 AAAA\n\1 ssh-ed25519 BBBB\n/);
});

testWith(needs.openssh)("a gateway elsewhere cannot make options of what it tells", async () => {
  const hostile: Partial<typeof told>[] = [
    { POSTERN_SSH_HOST: "-oProxyCommand=id" },
    { POSTERN_SSH_HOST: "a b" },
    { POSTERN_SSH_PORT: "22 -v" },
    { POSTERN_SSH_USER: "-v" },
    { POSTERN_SSH_USER: "a@b" },
    { POSTERN_SSH_HOST_KEYS: "ssh-ed25519 AAAA\n@cert-authority * ssh-ed25519 BBBB" },
    { POSTERN_SSH_PASSWORD: "two\nlines" },
  ];
  for (const wish of hostile) {
    expect(() => prepared(wish)).toThrow(expect.objectContaining({ code: "connect.unknown-client" }));
  }
});

test("the gateway tells its own two keys, and no more than the command line knows of", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-client-"));
  try {
    const access = { resource: "bastion", host: "gateway", port: 22, tls: false, dataDir };
    const { environment } = await client({ ...access, user: "pc_1", password: "canary" });
    expect(Object.keys(environment).toSorted()).toEqual([...knownClient.variables].toSorted());
    expect(environment.POSTERN_SSH_PASSWORD).toBe(secret);
    expect(environment.POSTERN_SSH_HOST_KEYS?.split("\n")).toHaveLength(2);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
