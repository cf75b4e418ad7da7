import type { Answer } from "../../../core/plugin.ts";
import {
  type Asked,
  fieldOf,
  isWithoutExtensions,
  looksAtBodies,
  type RequestHead,
  splice,
  type Tunnelling,
  webSocket,
  withoutExtensions,
} from "../../http/kit.ts";
import type { KubernetesConfig } from "../config.ts";
import { classifyTarget, isRefused, isTrue, parameter, type RequestInfo } from "../request/index.ts";
import { CommandTunnel } from "./command.ts";
import type { RemoteCommand } from "./command-record.ts";
import { commandText } from "./command-text.ts";
import { carryForward } from "./forward.ts";
import { ChannelForward } from "./forward-channels.ts";
import { SpdyForward } from "./forward-spdy.ts";
import { offering, spdyField, webSocketField } from "./offered.ts";
import { SpdyInWebSocket } from "./spdy-in-websocket.ts";
import { SpdyStreams, spdyForms } from "./spdy-streams.ts";
import { channelForms, WebSocketStreams } from "./websocket-streams.ts";

const spdy = "spdy/3.1";
const forwardOverSpdy = "portforward.k8s.io";
const forwardInWebSocket = "SPDY/3.1+portforward.k8s.io";
const forwardByChannels = "v4.channel.k8s.io";

/** How what an upgrade leads to is carried: see `Dialect.tunnel`. */
export function tunnel(
  { head, target, upgrade }: Asked<KubernetesConfig>,
  answer: Answer | undefined,
  looked: boolean,
): Tunnelling | undefined {
  const classified = classifyTarget(head.method, target);
  if (isRefused(classified)) return undefined;
  const { info } = classified;
  const what = isOfPods(info) ? info.object?.subresource : undefined;
  const known = upgrade === "websocket" || upgrade === spdy;
  if (known && (what === "exec" || what === "attach")) {
    // Output is a stream: who looks at documents alone could not see what is in it.
    if (looksAtBodies(answer) && answer.stream === undefined) return undefined;
    const command = commandOf(info, what);
    return upgrade === spdy ? commandOverSpdy(command) : commandOverWebSocket(command);
  }
  if (known && what === "portforward") {
    if (looksAtBodies(answer)) return undefined;
    return upgrade === spdy ? overSpdy(info) : overWebSocket(info);
  }
  if (upgrade !== "websocket") return undefined;
  return looked ? lookedAt : passed;
}

/** A watch, a log, a proxy's: without the subprotocols that hide text in base64. */
const lookedAt: Tunnelling = {
  ...webSocket,
  head: (head) => withOffers(withoutExtensions(head), (protocol) => !/base64/i.test(protocol)),
};

const passed: Tunnelling = {
  head: (head) => withOffers(head, () => true),
  agrees: () => true,
  carry: splice,
};

function withOffers(head: RequestHead, keeps: (protocol: string) => boolean): RequestHead {
  return { ...head, fields: offering(head.fields, webSocketField, keeps) };
}

function commandOverWebSocket(command: RemoteCommand): Tunnelling {
  const formOf = (protocol = "channel.k8s.io") => channelForms.get(protocol);
  return {
    head: (head) => withOffers(withoutExtensions(head), (protocol) => channelForms.has(protocol)),
    agrees: (head) => isWithoutExtensions(head) && formOf(fieldOf(head.fields, webSocketField)) !== undefined,
    carry(tunnel) {
      const form = formOf(fieldOf(tunnel.head.fields, webSocketField)) ?? { version: 1, base64: false };
      return new CommandTunnel(
        tunnel,
        command,
        form.version >= 4,
        (out, sink) => new WebSocketStreams(form, out, sink, tunnel.limits.frame),
      ).carry();
    },
  };
}

function commandOverSpdy(command: RemoteCommand): Tunnelling {
  const formOf = (protocol = "channel.k8s.io") => spdyForms.get(protocol);
  return {
    head: (head) => ({ ...head, fields: offering(head.fields, spdyField, (each) => spdyForms.has(each)) }),
    agrees: (head) => formOf(fieldOf(head.fields, spdyField)) !== undefined,
    carry(tunnel) {
      const form = formOf(fieldOf(tunnel.head.fields, spdyField));
      const status = form?.status ?? false;
      return new CommandTunnel(tunnel, command, status, (out, sink) => new SpdyStreams(out, sink)).carry();
    },
  };
}

function overSpdy(info: RequestInfo): Tunnelling {
  return {
    head: (head) => ({
      ...head,
      fields: offering(head.fields, spdyField, (each) => each === forwardOverSpdy),
    }),
    agrees: (head) => (fieldOf(head.fields, spdyField) ?? forwardOverSpdy) === forwardOverSpdy,
    carry: (tunnel) =>
      carryForward(tunnel, (out, intake) => new SpdyForward(out, tunnel, intake, podOf(info))),
  };
}

function overWebSocket(info: RequestInfo): Tunnelling {
  const known = (protocol: string) => protocol === forwardInWebSocket || protocol === forwardByChannels;
  return {
    head: (head) => withOffers(withoutExtensions(head), known),
    agrees: (head) =>
      isWithoutExtensions(head) && known(fieldOf(head.fields, webSocketField) ?? forwardByChannels),
    carry(tunnel) {
      const inWebSocket = fieldOf(tunnel.head.fields, webSocketField) === forwardInWebSocket;
      return carryForward(tunnel, (out, intake) => {
        if (!inWebSocket) return new ChannelForward(out, tunnel, intake, podOf(info), portsOf(info));
        return new SpdyInWebSocket(out, (inner) => new SpdyForward(inner, tunnel, intake, podOf(info)));
      });
    },
  };
}

function commandOf(info: RequestInfo, what: "exec" | "attach"): RemoteCommand {
  const words =
    what === "exec" ? info.parameters.flatMap(([name, value]) => (name === "command" ? [value] : [])) : [];
  const terminal = isTrue(parameter(info.parameters, "tty"));
  return { what, words, text: commandText(words), terminal };
}

/** What an exec runs and where, as an approver reads it: `exec prod/pods/web: sh -c id`. undefined: it is none. */
export function commandIn(info: RequestInfo): string | undefined {
  if (!isOfPods(info) || info.object?.subresource !== "exec") return undefined;
  const container = parameter(info.parameters, "container");
  const where = container === undefined ? podOf(info) : `${podOf(info)} (${commandText([container])})`;
  return `exec ${where}: ${commandOf(info, "exec").text}`;
}

function isOfPods({ object }: RequestInfo): boolean {
  return object?.group === "" && object.resource === "pods";
}

function podOf({ object }: RequestInfo): string {
  return `${object?.namespace ?? ""}/pods/${object?.name ?? ""}`;
}

function portsOf({ parameters }: RequestInfo): string[] {
  return parameters.flatMap(([name, value]) => (name === "ports" ? value.split(",") : []));
}
