import { afterAll, beforeAll, describe, expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measured, needs, testWith } from "../needs.ts";
import { makeKey } from "../servers/openssh.ts";
import { SshDoor, type SshRun } from "./ssh-door.ts";

const runs = testWith(needs.openssh);
/** Connections of each login: enough for every worker to have some. */
const each = 6;
let door: SshDoor;
let keys: string;

beforeAll(async () => {
  if (needs.openssh !== undefined) return;
  keys = mkdtempSync(join(tmpdir(), "postern-withdrawn-"));
  for (const name of ["ca", "old-ca", "dana"]) makeKey(join(keys, name));
  const [work, laptop] = ["work", "laptop"].map((name) => makeKey(join(keys, name)));
  const authorities = [join(keys, "ca.pub"), join(keys, "old-ca.pub")];
  door = await SshDoor.open({
    workers: 2,
    identity: `
      sshKeys({ bob: { keys: [${JSON.stringify(work)}, ${JSON.stringify(laptop)}], groups: ["support"] } }),
      sshCa({ ca: ${JSON.stringify(authorities)}, kind: "person", groups: "group:", issuer: "people" }),`,
    rules: `{ who: group("support"), on: "bastion", may: "all" }`,
  });
});
afterAll(async () => {
  await door?.close();
  if (keys) rmSync(keys, { recursive: true });
});

/** Of dana's key, by one of the two authorities. */
function certificate(authority: string): string {
  const name = join(keys, `dana-${authority}`);
  copyFileSync(join(keys, "dana.pub"), `${name}.pub`);
  const signing = ["-q", "-s", join(keys, authority), "-I", authority, "-n", "dana,group:support"];
  const { status, stderr } = spawnSync("ssh-keygen", [...signing, "-V", "-1m:+5m", `${name}.pub`]);
  if (status !== 0) throw new Error(String(stderr));
  return `${name}-cert.pub`;
}

/** Sessions that stay, with a command that runs in each. */
async function stay(run: SshRun): Promise<{ kept: ReturnType<SshDoor["start"]>[]; sessions: string[] }> {
  const before = new Set(door.entries("open").map(({ session }) => session));
  const kept = Array.from({ length: each }, () =>
    door.start(["bastion@127.0.0.1", "echo in; exec sleep 600"], run),
  );
  for (const child of kept) {
    const reader = child.stdout.getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("in\n");
    reader.releaseLock();
  }
  const opened = door.entries("open").map(({ session }) => session);
  return { kept, sessions: opened.filter((session) => !before.has(session)) };
}

function edit(from: string, to: string): number {
  const text = readFileSync(door.gateway.policy, "utf8");
  expect(text).toContain(from);
  writeFileSync(door.gateway.policy, text.replace(from, to));
  return performance.now();
}

async function endsAlone(gone: SshRun, left: SshRun, change: () => number): Promise<void> {
  const [one, other] = [await stay(gone), await stay(left)];
  const edited = change();
  const codes = await Promise.all(one.kept.map((child) => child.exited));
  measured(`${each} sessions over ${(performance.now() - edited).toFixed(0)} ms after the edit`);
  expect(new Set(codes)).toEqual(new Set([255]));
  const said = await Promise.all(one.kept.map((child) => new Response(child.stderr).text()));
  for (const text of said) expect(text).toContain("policy.withdrawn");
  const ended = () => door.entries("close").filter(({ session }) => one.sessions.includes(session));
  await door.until("the trail has their ends", () => ended().length === each);
  expect(new Set(ended().map(({ reason }) => reason.code))).toEqual(new Set(["policy.withdrawn"]));
  expect(other.kept.map(({ exitCode }) => exitCode)).toEqual(other.kept.map(() => null));
  expect(door.entries("close").some(({ session }) => other.sessions.includes(session))).toBe(false);
  expect((await door.ssh(["true"], gone)).code).toBe(255);
  expect((await door.ssh(["true"], left)).code).toBe(0);
  for (const child of other.kept) child.kill();
  await Promise.all(other.kept.map((child) => child.exited));
}

describe("1: what the policy lists no more lets nobody stay", () => {
  runs("one key of two: its sessions end on every worker, the other key's stay", async () => {
    const line = readFileSync(join(keys, "laptop.pub"), "utf8").trim();
    await endsAlone({ key: join(keys, "laptop") }, { key: join(keys, "work") }, () =>
      edit(`, ${JSON.stringify(line)}]`, "]"),
    );
  });

  runs("one authority of two: so do those of its certificates", async () => {
    const as = (authority: string) => ({ key: join(keys, "dana"), certificate: certificate(authority) });
    const text = `,${JSON.stringify(join(keys, "old-ca.pub"))}]`;
    await endsAlone(as("old-ca"), as("ca"), () => edit(text, "]"));
    expect(door.entries("open").at(-1)?.identity.authority).toStartWith("SHA256:");
  });
});
