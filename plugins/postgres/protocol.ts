import type { Classified, ConnectionProtocol } from "../../core/plugin.ts";
import { accept } from "./accept.ts";
import { bypasses } from "./bypasses.ts";
import { keyDelivered } from "./cancel.ts";
import { client } from "./client.ts";
import type { PostgresConfig } from "./config.ts";
import { definedElsewhere } from "./defined.ts";
import { dial } from "./dial.ts";
import { examine } from "./doctor.ts";
import { refuse } from "./refuse.ts";
import { relay } from "./relay/relay.ts";
import { replay } from "./replay/index.ts";
import { classify, defaultSettings, loadParser } from "./sql/index.ts";
import { delivering } from "./workers.ts";

export type Emits = "operation" | "rows" | "text" | "wire" | "deadline" | "intake";

export const protocol: ConnectionProtocol<PostgresConfig, Emits, "postgres"> = {
  name: "postgres",
  emits: ["operation", "rows", "text", "wire", "deadline", "intake"],
  accept,
  dial,
  relay,
  delivered: delivering({ cancel: keyDelivered, defined: definedElsewhere }),
  refuse,
  async classify(text: string): Promise<Classified> {
    await loadParser();
    const { actions, unclear } = classify(text, defaultSettings);
    const words = unclear?.();
    return {
      actions,
      ...(words === undefined ? {} : { unclear: words }),
      beyond: "the database's catalogue may add what views, functions, rules, defaults and casts do",
    };
  },
  replay,
  client,
  bypasses,
  examine,
};
