import {
  type CredentialSource,
  channelReplay,
  onlyKnown,
  type RequestProtocol,
  type Resource,
  type Secret,
} from "../../core/plugin.ts";
import { checkTarget, type HttpTarget } from "./config.ts";
import type { Dialect } from "./dialect.ts";
import { actionsOf } from "./effects.ts";
import { webProtocol } from "./protocol.ts";
import { problemJson } from "./refusal.ts";

export interface HttpConfig extends HttpTarget {}

export interface HttpOptions extends HttpConfig {
  /** A token, or a source that makes one. */
  readonly credential?: Secret | CredentialSource<HttpConfig>;
}

type Emits = "operation" | "document" | "stream" | "text" | "wire";

const dialect: Dialect<HttpConfig, "http"> = {
  name: "http",
  emits: ["operation", "document", "stream", "text", "wire"],
  browsers: true,
  read({ head: { method }, path, query }) {
    return { statement: { text: `${method} ${path}${query}`, actions: actionsOf(method, path) } };
  },
  login: (secret) => (secret === undefined ? [] : ["Authorization", `Bearer ${secret}`]),
  refusal: problemJson,
};

const protocol: RequestProtocol<HttpConfig, Emits, "http"> = {
  name: "http",
  emits: ["operation", "document", "stream", "text", "wire"],
  ...webProtocol<HttpConfig, Emits, "http">(dialect),
  replay: channelReplay,
};

/**
 * A web service or API.
 *
 *     grafana: http({ url: "https://grafana.internal:3000", hosts: ["grafana.example.com"], credential: env("GRAFANA_TOKEN") })
 *
 * Throws PosternError `resource.config`, `policy.option`.
 */
export function http(options: HttpOptions): Resource<HttpConfig, Emits, "http"> {
  onlyKnown<HttpOptions>("http", options, {
    url: true,
    hosts: true,
    tls: true,
    ca: true,
    cert: true,
    key: true,
    serverName: true,
    opaque: true,
    credential: true,
  });
  const { credential, ...config } = options;
  checkTarget(config);
  return { protocol, config, ...(credential ? { credential } : {}) };
}
