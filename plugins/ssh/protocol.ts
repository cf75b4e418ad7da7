import { type ConnectionProtocol, channelReplay } from "../../core/plugin.ts";
import { accept } from "./accept.ts";
import { client } from "./client.ts";
import type { SshConfig } from "./config.ts";
import { dial } from "./dial.ts";
import { classifyText } from "./explain.ts";
import { knownBy } from "./host-keys.ts";
import { refuse } from "./refuse.ts";
import { relay } from "./relay/relay.ts";

export type Emits = "operation" | "stream" | "text" | "wire";

export const protocol: ConnectionProtocol<SshConfig, Emits, "ssh"> = {
  name: "ssh",
  emits: ["operation", "stream", "text", "wire"],
  encrypts: true,
  asksPeople: true,
  accept,
  dial,
  relay,
  refuse,
  knownBy,
  client,
  classify: async (text, { shell = "sh" }) => classifyText(text, shell),
  replay: channelReplay,
};
