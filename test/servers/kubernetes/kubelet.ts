import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { type KubeObject, objectAt, objectsAt, textAt, textsAt } from "./json.ts";

/** A container: a folder and the processes in it. Its log is lines with the time they were written. */
export interface Container {
  readonly folder: string;
  readonly log: { time: string; line: string }[];
  readonly listeners: Set<() => void>;
  running: boolean;
}

/** One node where pods "run": their commands are processes of this machine, in folders of their own. */
export class Kubelet {
  readonly node = "node-1";
  private readonly root = mkdtempSync(join(tmpdir(), "postern-kubelet-"));
  private readonly containers = new Map<string, Container>();
  private readonly processes = new Map<string, Bun.Subprocess[]>();
  /** Where port-forward leads: the port of a pod to one of this machine; the same where none is given. */
  readonly ports = new Map<number, number>();

  /** Makes the containers of a pod, starts their commands, and says so in its status. */
  run(cluster: Cluster, pod: KubeObject): void {
    const spec = objectAt(pod, "spec");
    if (textAt(pod, "status", "phase") !== "Pending" || this.processes.has(pod.metadata.uid ?? "")) return;
    const all = [...objectsAt(spec, "containers"), ...objectsAt(spec, "ephemeralContainers")];
    this.processes.set(pod.metadata.uid ?? "", []);
    for (const one of all) {
      const container = this.make(pod, textAt(one, "name"));
      const command = [...textsAt(one, "command"), ...textsAt(one, "args")];
      if (command.length > 0) this.start(pod, container, command);
    }
    const now = cluster.now();
    const current = cluster.store.get("/pods", pod.metadata.namespace ?? "", pod.metadata.name ?? "");
    if (!current) return;
    cluster.store.put("/pods", {
      ...current,
      spec: { ...objectAt(current, "spec"), nodeName: this.node },
      status: {
        ...objectAt(current, "status"),
        phase: "Running",
        hostIP: "127.0.0.1",
        podIP: "127.0.0.1",
        podIPs: [{ ip: "127.0.0.1" }],
        startTime: now,
        conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
          type,
          status: "True",
          lastProbeTime: null,
          lastTransitionTime: now,
        })),
        containerStatuses: all.map((one) => ({
          name: textAt(one, "name"),
          image: textAt(one, "image"),
          imageID: "",
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: now } },
          lastState: {},
          containerID: `test://${pod.metadata.uid}`,
        })),
      },
    });
  }

  /** A container by name; the first where none is given. */
  container(pod: KubeObject, name: string): Container | undefined {
    const first = textAt(objectsAt(pod, "spec", "containers")[0], "name");
    return this.containers.get(`${pod.metadata.uid}/${name || first}`);
  }

  /** Writes lines to a container's log, as its process would. */
  write(container: Container, text: string): void {
    const time = new Date().toISOString().replace("Z", "000000Z");
    for (const line of text.split("\n").filter((one) => one !== "")) container.log.push({ time, line });
    for (const listener of [...container.listeners]) listener();
  }

  /** Starts a process in a container. */
  spawn(
    pod: KubeObject,
    container: Container,
    command: readonly string[],
    options: SpawnOptions,
  ): Bun.Subprocess {
    const environment: Record<string, string> = {
      PATH: process.env.PATH ?? "",
      HOME: container.folder,
      HOSTNAME: pod.metadata.name ?? "",
    };
    for (const one of objectsAt(pod, "spec", "containers"))
      for (const variable of objectsAt(one, "env"))
        environment[textAt(variable, "name")] = textAt(variable, "value");
    const child = options.terminal
      ? Bun.spawn([...command], {
          cwd: container.folder,
          env: { ...environment, TERM: "xterm" },
          terminal: options.terminal,
        })
      : Bun.spawn([...command], {
          cwd: container.folder,
          env: environment,
          stdin: options.stdin ? "pipe" : "ignore",
          stdout: "pipe",
          stderr: "pipe",
        });
    this.processes.get(pod.metadata.uid ?? "")?.push(child);
    return child;
  }

  /** Ends what runs in a pod, and its logs. */
  stop(pod: KubeObject): void {
    for (const child of this.processes.get(pod.metadata.uid ?? "") ?? []) child.kill("SIGKILL");
    this.processes.delete(pod.metadata.uid ?? "");
    for (const [key, container] of this.containers) {
      if (!key.startsWith(`${pod.metadata.uid}/`)) continue;
      container.running = false;
      for (const listener of [...container.listeners]) listener();
      this.containers.delete(key);
    }
  }

  close(): void {
    for (const children of this.processes.values()) for (const child of children) child.kill("SIGKILL");
    for (const container of this.containers.values()) {
      container.running = false;
      for (const listener of [...container.listeners]) listener();
    }
    if (existsSync(this.root)) rmSync(this.root, { recursive: true, force: true });
  }

  private make(pod: KubeObject, name: string): Container {
    const key = `${pod.metadata.uid}/${name}`;
    const folder = join(this.root, key);
    mkdirSync(folder, { recursive: true });
    const container = { folder, log: [], listeners: new Set<() => void>(), running: true };
    this.containers.set(key, container);
    return container;
  }

  private start(pod: KubeObject, container: Container, command: readonly string[]): void {
    const child = this.spawn(pod, container, command, {});
    for (const stream of [child.stdout, child.stderr])
      if (stream instanceof ReadableStream) void this.record(container, stream);
  }

  private async record(container: Container, stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of stream) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      this.write(container, lines.join("\n"));
    }
  }
}

export interface SpawnOptions {
  readonly stdin?: boolean;
  readonly terminal?: { cols: number; rows: number; data(terminal: unknown, bytes: Uint8Array): void };
}
