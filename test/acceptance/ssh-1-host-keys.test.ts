import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

const runs = testWith(needs.openssh);
let door: SshDoor;
beforeAll(async () => {
  if (needs.openssh !== undefined) return;
  door = await SshDoor.open({
    rules: `{ who: group("support"), on: "bastion", may: [execute("echo")] }`,
    workers: 2,
  });
});
afterAll(() => door?.close());

/** Keys of the gateway as the client wrote them down. */
function known(): string[] {
  const lines = readFileSync(join(door.folder, "known_hosts"), "utf8").trim().split("\n");
  return [...new Set(lines.map((line) => line.split(" ")[2] ?? ""))];
}

/** By a name, since the gateway of this test has another port after its restart. */
const alias = ["-o", "HostKeyAlias=gateway"];

runs("1: the host key is made once, kept 0600, the same in all workers, and doctor shows it", async () => {
  for (let times = 0; times < 4; times++) {
    expect((await door.ssh(["echo in"], { options: alias })).stdout.toString()).toBe("in\n");
  }
  expect(known()).toHaveLength(1);
  expect(statSync(join(door.data, "ssh/host.key")).mode & 0o777).toBe(0o600);
  const shown = Bun.spawnSync(["ssh-keygen", "-l", "-f", join(door.folder, "known_hosts")]).stdout.toString();
  const fingerprint = /SHA256:\S+/.exec(shown)?.[0] ?? "none";
  const { stdout } = await door.postern("doctor");
  expect(stdout).toContain(`ssh host key: ${fingerprint} (ED25519)`);
});

runs(
  "1: the next host key is offered beside it, and a client that learned it goes on after the change",
  async () => {
    // A client that ends at once may not wait for the proof; the next time it does.
    await door.until("the client has both keys", async () => {
      await door.ssh(["echo learn"], { options: [...alias, "-o", "UpdateHostKeys=yes"] });
      return known().length === 2;
    });
    await door.gateway.stop();
    renameSync(join(door.data, "ssh/next.key"), join(door.data, "ssh/host.key"));
    await door.gateway.start();
    const after = await door.ssh(["echo still known"], {
      options: [...alias, "-o", "StrictHostKeyChecking=yes"],
    });
    expect(after.stdout.toString()).toBe("still known\n");
  },
);
