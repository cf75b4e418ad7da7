import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SshDoor } from "../test/acceptance/ssh-door.ts";
import { type OpenSshServer, startOpenSsh } from "../test/servers/openssh.ts";

/** How a peer is reached: the user and host, and what ssh needs besides. */
interface Peer {
  readonly id: string;
  readonly target: string;
  readonly options: readonly string[];
}

interface Amount {
  readonly rounds: number;
  /** Of the file that scp copies. */
  readonly megabytes: number;
  /** Commands over one connection, and keys in one terminal, a round. */
  readonly times: number;
}

const amounts: Readonly<Record<"short" | "long", Amount>> = {
  short: { rounds: 2, megabytes: 64, times: 24 },
  long: { rounds: 9, megabytes: 512, times: 200 },
};

/** scp throughput, exec and keystroke latency: direct, through an sshd as a jump host, and through Postern. */
export async function measureSsh(extent: "short" | "long"): Promise<string> {
  const { peers, readings, failed } = await sampleSsh(extent);
  const lost =
    failed.length === 0 ? "" : `\ncommands on an open connection that failed: ${failed.join(", ")}`;
  return table(peers, readings) + lost;
}

/** What was measured: all readings by `figure/peer`. */
export interface SshSamples {
  readonly peers: readonly Peer[];
  readonly readings: ReadonlyMap<string, readonly number[]>;
  /** Peers of which a command on an open connection failed, one each time. */
  readonly failed: readonly string[];
}

export async function sampleSsh(extent: "short" | "long"): Promise<SshSamples> {
  const amount = amounts[extent];
  const door = await SshDoor.open({
    rules: '{ name: "all", who: group("support"), on: "bastion", may: "all" }',
  });
  const jump = await startOpenSsh({ users: ["jump"] });
  try {
    const peers = peersOf(door, jump);
    const file = join(door.folder, "file");
    writeFileSync(file, Buffer.alloc(amount.megabytes << 20, "postern bench "));
    const readings = new Map<string, number[]>();
    const failed: string[] = [];
    const note = (figure: string, { id }: Peer, value: number) => {
      const key = `${figure}/${id}`;
      readings.set(key, [...(readings.get(key) ?? []), value]);
    };
    for (let round = 0; round < amount.rounds; round++) {
      for (const [index] of peers.entries()) {
        const peer = peers[(index + round) % peers.length] as Peer;
        note("scp, MB/s", peer, await copy(peer, file, amount.megabytes));
        note("connection and command, ms", peer, await timed(peer, ["true"], []));
        const control = join(door.folder, `control-${peer.id.replaceAll(/\W/g, "")}-${round}`);
        const master = [
          "-o",
          "ControlMaster=auto",
          "-o",
          `ControlPath=${control}`,
          "-o",
          "ControlPersist=60",
        ];
        await timed(peer, ["true"], master).catch(() => failed.push(peer.id));
        for (let time = 0; time < amount.times / 4; time++) {
          const ms = await timed(peer, ["true"], master).catch(() => undefined);
          if (ms === undefined) failed.push(peer.id);
          else note("command on an open connection, ms", peer, ms);
        }
        for (const ms of await keys(peer, amount.times)) note("key to its echo, ms", peer, ms);
        await timed(peer, [], [...master, "-O", "exit"]).catch(() => undefined);
      }
    }
    return { peers, readings, failed };
  } finally {
    await door.close();
    await jump.close();
  }
}

function peersOf(door: SshDoor, jump: OpenSshServer): Peer[] {
  const { server } = door;
  const common = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
  const quiet = [...common, "-o", "LogLevel=ERROR", "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes"];
  const direct = [...quiet, "-o", `IdentityFile=${server.keyFile}`, "-o", `Port=${server.port}`];
  const through = [
    "ssh",
    ...quiet,
    "-i",
    jump.keyFile,
    "-p",
    String(jump.port),
    "-W",
    "%h:%p",
    `${jump.user.name}@127.0.0.1`,
  ];
  const target = `${server.user.name}@127.0.0.1`;
  return [
    { id: "direct", target, options: direct },
    { id: "jump host", target, options: [...direct, "-o", `ProxyCommand=${through.join(" ")}`] },
    { id: "Postern", target: "bastion@127.0.0.1", options: [...door.options(), "-o", "LogLevel=ERROR"] },
  ];
}

async function copy({ target, options }: Peer, file: string, megabytes: number): Promise<number> {
  const began = performance.now();
  await finished(["scp", "-q", ...options, file, `${target}:copied`]);
  return megabytes / ((performance.now() - began) / 1000);
}

async function timed(peer: Peer, command: readonly string[], more: readonly string[]): Promise<number> {
  const began = performance.now();
  await finished(["ssh", ...peer.options, ...more, peer.target, ...command]);
  return performance.now() - began;
}

async function finished(command: readonly string[]): Promise<void> {
  // A master that goes on in the background would keep a pipe of its error output open.
  const code = await Bun.spawn([...command], { stdio: ["ignore", "ignore", "ignore"] }).exited;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}.`);
}

/** Milliseconds from each key to its echo, in a terminal in which nothing else happens. */
async function keys({ target, options }: Peer, times: number): Promise<number[]> {
  let heard = Promise.withResolvers<void>();
  const child = Bun.spawn(["ssh", "-tt", ...options, target, "stty -icanon; echo ready; cat > /dev/null"], {
    terminal: { cols: 80, rows: 24, data: () => heard.resolve() },
  });
  await heard.promise;
  await Bun.sleep(200);
  const all: number[] = [];
  for (let time = 0; time < times; time++) {
    heard = Promise.withResolvers();
    const began = performance.now();
    child.terminal?.write("x");
    await heard.promise;
    all.push(performance.now() - began);
  }
  child.kill();
  await child.exited;
  return all;
}

function table(peers: readonly Peer[], readings: ReadonlyMap<string, readonly number[]>): string {
  const figures = [...new Set([...readings.keys()].map((key) => key.slice(0, key.lastIndexOf("/"))))];
  const rows = figures.map((figure) => {
    const medians = peers.map(({ id }) => median(readings.get(`${figure}/${id}`) ?? []));
    const cells = medians.map(
      (value) => `${value.toFixed(value < 10 ? 2 : 0)} (${(value / (medians[0] ?? 1)).toFixed(2)})`,
    );
    return [figure, ...cells];
  });
  const lines = [["median (ratio to direct)", ...peers.map(({ id }) => id)], ...rows];
  return lines
    .map((cells) =>
      cells
        .map((cell, index) => cell.padEnd(index === 0 ? 36 : 18))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
