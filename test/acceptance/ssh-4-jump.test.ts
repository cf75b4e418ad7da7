import { afterAll, beforeAll, expect } from "bun:test";
import { join } from "node:path";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

const runs = testWith(needs.openssh);
let door: SshDoor;
/** What nobody may reach through the gateway: it counts who tries. */
let elsewhere: { readonly port: number; tried: number; stop(): void };

beforeAll(async () => {
  if (needs.openssh !== undefined) return;
  door = await SshDoor.open({
    rules: `{ who: group("support"), on: "bastion", may: [execute("echo", "hostname")] }`,
  });
  let tried = 0;
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        tried++;
        socket.end();
      },
      data() {},
    },
  });
  elsewhere = {
    port: listener.port,
    get tried() {
      return tried;
    },
    stop: () => listener.stop(true),
  };
});
afterAll(async () => {
  elsewhere?.stop();
  await door?.close();
});

/** A jump as `ssh -J` makes it, with the options of the test for the outer connection as well. */
function over(outer: string, target: string): string[] {
  const command = ["ssh", ...door.options(), "-W", target, `${outer}@127.0.0.1`];
  return ["-o", `ProxyCommand=${command.map((word) => `'${word}'`).join(" ")}`];
}

runs("4: a jump to a registered resource ends in the gateway, which holds the key to the host", async () => {
  for (const outer of ["whoever", "bastion"]) {
    const ran = await door.ssh(["echo jumped"], { user: "me", options: over(outer, "bastion:22") });
    expect(ran).toMatchObject({ code: 0, stdout: Buffer.from("jumped\n") });
  }
  const byAddress = over("whoever", `127.0.0.1:${door.server.port}`);
  const ran = await door.ssh(["echo by its address"], { user: "me", options: byAddress });
  expect(ran.stdout.toString()).toBe("by its address\n");
  // The client saw one host key at all three: the gateway's own.
  const known = await Bun.file(join(door.folder, "known_hosts")).text();
  expect(
    new Set(
      known
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[2]),
    ).size,
  ).toBe(1);
  expect(known).not.toContain(door.server.hostKey);
});

runs("4: ssh -J does the same, with the client's own configuration", async () => {
  const config = join(door.folder, "config");
  const lines = door.options().filter((word) => word.includes("="));
  await Bun.write(config, ["Host gateway", "  HostName 127.0.0.1", "Host *", ...lines, ""].join("\n"));
  const child = door.start(["-F", config, "-J", "gateway", "bastion", "echo by -J"], {
    options: ["-F", config],
  });
  const ran = await door.ended(child);
  expect([ran.code, ran.stdout.toString()]).toEqual([0, "by -J\n"]);
});

runs("4: inside of a jump the same rules count", async () => {
  const ran = await door.ssh(["id"], { user: "me", options: over("whoever", "bastion:22") });
  expect(ran.code).not.toBe(0);
  expect(ran.stderr).toContain("denied");
  const denied = door.entries("denied").at(-1);
  expect(denied).toMatchObject({ text: "id" });
});

runs("4: the gateway connects to no address that the policy does not name", async () => {
  const { port } = elsewhere;
  const targets = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, "bastion.example.com:22"];
  for (const target of targets) {
    for (const outer of ["whoever", "bastion"]) {
      const ran = await door.ssh(["echo no"], { user: "me", options: over(outer, target) });
      expect(ran.code).toBe(255);
      expect(ran.stdout.toString()).toBe("");
    }
  }
  const refused = door.entries("connect-denied").filter(({ reason }) => reason.code === "ssh.jump");
  expect(refused.map(({ resource }) => resource)).toEqual([
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    `::1:${port}`,
    "bastion.example.com:22",
  ]);
  expect(refused[0]?.identity.subject).toBe("alice");
  const said = await door.ssh(["true"], { user: "me", options: over("whoever", `127.0.0.1:${port}`) });
  expect(said.stderr).toContain(`ssh.jump: 127.0.0.1:${port} is no resource of this gateway`);
  expect(elsewhere.tried).toBe(0);
});

runs("4: -L and -R need a rule that names them", async () => {
  const { port } = elsewhere;
  const forward = await door.ssh(["-W", `127.0.0.1:${port}`]);
  expect(forward.code).not.toBe(0);
  const back = await door.ssh(["-o", "ExitOnForwardFailure=yes", "-R", `0:127.0.0.1:${port}`, "echo no"]);
  expect(back.code).not.toBe(0);
  expect(elsewhere.tried).toBe(0);
});

runs("4: one connection serves several sessions (ControlMaster)", async () => {
  const socket = join(door.folder, "master");
  const shared = ["-o", `ControlPath=${socket}`];
  const opened = () => door.entries("open").length;
  await door.until("those before are closed", () => door.entries("close").length === opened());
  const before = opened();
  const master = door.start(["-N", "-o", "ControlMaster=yes", ...shared, "bastion@127.0.0.1"]);
  await door.until("the master listens", () => Bun.spawnSync(["test", "-S", socket]).exitCode === 0);
  await door.until("its session stands in the trail", () => opened() === before + 1);
  const ran = await Promise.all(
    ["one", "two", "three"].map((word) => door.ssh([`echo ${word}`], { options: shared })),
  );
  expect(ran.map(({ stdout }) => stdout.toString())).toEqual(["one\n", "two\n", "three\n"]);
  expect(opened()).toBe(before + 1);
  master.kill();
  await master.exited;
});
