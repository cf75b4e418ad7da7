import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTls, type TLSSocket } from "node:tls";
import { type Authority, newAuthority } from "./kubernetes/certificates.ts";
import { type Cluster, type ClusterOptions, type Mutation, newCluster } from "./kubernetes/cluster.ts";
import { respond, upgrade } from "./kubernetes/http.ts";
import type { KubeObject } from "./kubernetes/json.ts";
import { Kubelet } from "./kubernetes/kubelet.ts";
import { socketPipe } from "./kubernetes/stream/pipe.ts";

export { authenticated } from "./kubernetes/identity.ts";
export type { KubeObject } from "./kubernetes/json.ts";

/** One request as it came, for tests that assert what reached the cluster. */
export interface Received {
  readonly method: string;
  /** The request target, undecoded. */
  readonly target: string;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  /** Empty for what is upgraded. */
  readonly body: Buffer;
  readonly httpVersion: string;
  readonly upgrade: boolean;
}

export interface KubernetesOptions extends Omit<ClusterOptions, "kubelet"> {
  /** False: pods stay Pending, as in a cluster without nodes. */
  readonly nodes?: boolean;
}

/** An API server of our own making, which keeps the API conventions and is checked against recordings of a real one. */
export interface KubernetesServer {
  readonly port: number;
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly authority: Authority;
  readonly cluster: Cluster;
  /** Every request, in the order of arrival. */
  readonly received: Received[];
  /** Puts an object into the cluster past the API: a Helm release, what an operator made. */
  put(table: string, object: KubeObject): KubeObject;
  /** Changes what requests would store from now on, as a mutating webhook does. */
  mutate(mutation: Mutation): void;
  readonly kubelet: Kubelet | undefined;
  close(): Promise<void>;
}

export async function startKubernetes(options: KubernetesOptions = {}): Promise<KubernetesServer> {
  const { nodes = true, ...rest } = options;
  const kubelet = nodes ? new Kubelet() : undefined;
  const cluster = newCluster({ ...rest, ...(kubelet ? { kubelet } : {}) });
  const authority = await newAuthority();
  const issued = await authority.server();
  const received: Received[] = [];
  const note = (message: IncomingMessage, body: Buffer, upgraded: boolean) =>
    received.push({
      method: message.method ?? "",
      target: message.url ?? "",
      headers: message.rawHeaders,
      body,
      httpVersion: message.httpVersion,
      upgrade: upgraded,
    });
  const certificateOf = (message: IncomingMessage) => {
    const socket = message.socket as TLSSocket;
    return socket.authorized ? (socket.getPeerX509Certificate?.() ?? undefined) : undefined;
  };
  const serve = (message: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    message.on("data", (bytes: Buffer) => parts.push(bytes));
    message.on("end", () => {
      const body = Buffer.concat(parts);
      note(message, body, false);
      respond(message, body, response, { cluster, certificate: certificateOf(message) });
    });
  };
  const h1 = createServer(serve);
  h1.on("upgrade", (message: IncomingMessage, socket: TLSSocket, head: Buffer) => {
    note(message, Buffer.alloc(0), true);
    upgrade(message, socketPipe(socket, head), { cluster, certificate: certificateOf(message) });
  });
  const sockets = new Set<TLSSocket>();
  const server = createTls(
    {
      cert: issued.certificate,
      key: issued.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
    },
    (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      h1.emit("connection", socket);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    authority,
    cluster,
    received,
    put: (table, object) => cluster.store.put(table, object),
    mutate: (mutation) => void cluster.mutations.push(mutation),
    kubelet,
    async close() {
      kubelet?.close();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
