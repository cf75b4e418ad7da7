import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SshDoor } from "../../test/acceptance/ssh-door.ts";
import { type OpenSshServer, startOpenSsh } from "../../test/servers/openssh.ts";
import { commandLine, family } from "../processes.ts";

/** A way to the host: its sshd, another one as a jump host before it, or Postern. */
export interface SshPeer {
  readonly id: "direct" | "jump" | "postern";
  readonly title: string;
  /** The user and host, and what ssh needs besides. */
  readonly target: string;
  readonly options: readonly string[];
  /** Where its files may be. */
  readonly folder: string;
  /** Processes through which traffic goes; they and what they start do the work. */
  readonly carries: readonly number[];
  readonly processes: readonly number[];
  /** Runs in an engine that compiles what is used often, and is slow until it has. */
  readonly compiles: boolean;
}

export async function withSshPeers<Result>(
  act: (peers: readonly SshPeer[]) => Promise<Result>,
  /** Source of one more guardrail. */
  guardrail = "",
): Promise<Result> {
  const door = await SshDoor.open({
    rules: `{ name: "all", who: group("support"), on: "bastion", may: "all", under: [${guardrail}] }`,
  });
  const jump = await startOpenSsh({ users: ["jump"] });
  try {
    return await act(peersOf(door, jump));
  } finally {
    await door.close();
    await jump.close();
  }
}

function peersOf(door: SshDoor, jump: OpenSshServer): SshPeer[] {
  const { server, folder } = door;
  const common = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
  const quiet = [...common, "-o", "LogLevel=ERROR", "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes"];
  const direct = [...quiet, "-o", `IdentityFile=${server.keyFile}`, "-o", `Port=${server.port}`];
  const login = ["-i", jump.keyFile, "-p", `${jump.port}`, "-W", "%h:%p", `${jump.user.name}@127.0.0.1`];
  const through = `ProxyCommand=${["ssh", ...quiet, ...login].join(" ")}`;
  const target = `${server.user.name}@127.0.0.1`;
  const processes = door.gateway.processes().map(Number);
  const sshd = (of: OpenSshServer) => {
    const carries = [Number(readFileSync(join(of.folder, "sshd.pid"), "utf8"))];
    return { folder, carries, processes: [], compiles: false };
  };
  return [
    { id: "direct", title: "direct", target, options: direct, ...sshd(server) },
    { id: "jump", title: "jump host", target, options: [...direct, "-o", through], ...sshd(jump) },
    {
      id: "postern",
      title: "Postern",
      target: "bastion@127.0.0.1",
      options: [...door.options(), "-o", "LogLevel=ERROR"],
      folder,
      carries: processes.filter((pid) => commandLine(pid).includes("worker-process")),
      processes,
      compiles: true,
    },
  ];
}

/** An sshd makes processes for each connection; a worker of ours carries them all. */
export function atWork({ carries }: SshPeer): number[] {
  return carries.flatMap(family);
}
