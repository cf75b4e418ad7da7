import type { Cluster } from "./cluster.ts";
import type { KubeObject } from "./json.ts";
import { objectAt, objectsAt, textAt } from "./json.ts";
import type { Container } from "./kubelet.ts";
import type { Request } from "./request.ts";
import { badRequest, notFound } from "./status.ts";
import {
  type ExecOptions,
  overSpdy,
  overWebSocket,
  spdyProtocols,
  webSocketProtocols,
} from "./stream/exec.ts";
import {
  channelProtocol,
  forwardOverChannels,
  forwardOverSpdy,
  forwardProtocol,
  tunnelProtocol,
} from "./stream/forward.ts";
import type { Pipe } from "./stream/pipe.ts";
import { acceptOf, tunnel } from "./stream/websocket.ts";

/** What an upgrade is answered with, and what then happens on the connection. */
export interface Upgrade {
  readonly headers: readonly string[];
  start(pipe: Pipe): void;
}

/** A pod that runs, with the container that is asked for. Errors are those of the real server. */
export function podOf(cluster: Cluster, request: Request): { pod: KubeObject; container: Container } {
  const { target } = request;
  const pod = cluster.store.get("/pods", target.namespace, target.name);
  if (!pod) throw notFound({ group: "", resource: "pods" }, target.name);
  const names = objectsAt(pod, "spec", "containers").map((one) => textAt(one, "name"));
  const asked = target.query.get("container") ?? "";
  if (
    asked !== "" &&
    !names.includes(asked) &&
    !objectsAt(pod, "spec", "ephemeralContainers").some((one) => one.name === asked)
  )
    throw badRequest(`container ${asked} is not valid for pod ${target.name}`);
  if (asked === "" && names.length > 1)
    throw badRequest(
      `a container name must be specified for pod ${target.name}, choose one of: [${names.join(" ")}]`,
    );
  const node = textAt(objectAt(pod, "spec"), "nodeName");
  if (node === "") throw badRequest(`pod ${target.name} does not have a host assigned`);
  const container = cluster.kubelet?.container(pod, asked);
  if (!container) throw notFound({ group: "", resource: "pods" }, node);
  return { pod, container };
}

/** exec, attach or portforward. `protocols`: what the client offers, by `upgrade`. */
export function upgradeOf(
  request: Request,
  upgrade: string,
  protocols: readonly string[],
  key: string,
): Upgrade | "bad protocol" {
  const { cluster, target } = request;
  const { query } = target;
  const forwarding = target.subresource === "portforward";
  const flag = (name: string) => ["true", "1"].includes(query.get(name) ?? "");
  const options: ExecOptions = {
    command: target.subresource === "exec" ? query.getAll("command") : [],
    stdin: flag("stdin"),
    stdout: flag("stdout"),
    stderr: flag("stderr"),
    tty: flag("tty"),
  };
  if (target.subresource === "exec" && options.command.length === 0)
    throw badRequest("you must specify at least 1 command for the pod exec");
  if (!forwarding && !options.stdin && !options.stdout && !options.stderr)
    throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  const { pod, container } = podOf(cluster, request);
  const { kubelet } = cluster;
  if (!kubelet) throw badRequest("there is no kubelet");
  const modern = cluster.version !== "1.20";
  if (upgrade === "websocket") {
    const known = forwarding
      ? [...(modern ? [tunnelProtocol] : []), channelProtocol]
      : webSocketProtocols.filter((one) => modern || !one.startsWith("v5"));
    const protocol = protocols.find((one) => known.includes(one));
    if (protocol === undefined && protocols.length > 0) return "bad protocol";
    const chosen = protocol ?? (forwarding ? channelProtocol : "channel.k8s.io");
    const headers = [
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${acceptOf(key)}`,
      ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ];
    return {
      headers,
      start(pipe) {
        if (!forwarding) overWebSocket(pipe, chosen, kubelet, pod, container, options);
        else if (chosen === tunnelProtocol) forwardOverSpdy(tunnel(pipe), kubelet);
        else
          forwardOverChannels(
            pipe,
            kubelet,
            query.getAll("ports").flatMap((one) => one.split(",").map(Number)),
          );
      },
    };
  }
  const known = forwarding
    ? [forwardProtocol]
    : spdyProtocols.filter((one) => modern || !one.startsWith("v5"));
  const protocol = protocols.find((one) => known.includes(one));
  if (protocol === undefined) return "bad protocol";
  return {
    headers: ["Connection: Upgrade", "Upgrade: SPDY/3.1", `X-Stream-Protocol-Version: ${protocol}`],
    start(pipe) {
      if (forwarding) forwardOverSpdy(pipe, kubelet);
      else overSpdy(pipe, protocol, kubelet, pod, container, options);
    },
  };
}
