import {
  type CredentialSource,
  channelReplay,
  milliseconds,
  onlyKnown,
  type RequestProtocol,
  type Resource,
  type Secret,
} from "../../core/plugin.ts";
import { client } from "./client.ts";
import {
  type AnswerTime,
  checkTarget,
  destinationOf,
  type HttpTarget,
  type VersionChoice,
} from "./config.ts";
import { checkLogin, type LoginOption, loginFields } from "./credentials/login.ts";
import type { Dialect } from "./dialect.ts";
import { type EffectOptions, Effects } from "./effects/index.ts";
import { lookAlikePaths } from "./look-alikes.ts";
import { webProtocol } from "./protocol.ts";
import { problemJson } from "./refusal.ts";
import { webSocket } from "./websocket/index.ts";

export interface HttpConfig extends HttpTarget, VersionChoice, AnswerTime, EffectOptions {
  /** How the resource is shown its credential. Default: `"bearer"`. */
  readonly login?: LoginOption;
}

export interface HttpOptions extends HttpConfig {
  /** A token, or a source that makes one. */
  readonly credential?: Secret | CredentialSource<HttpConfig>;
}

type Emits = "operation" | "document" | "stream" | "text" | "wire" | "deadline" | "intake";

const emits = ["operation", "document", "stream", "text", "wire", "deadline", "intake"] as const;

/** What requests do, by the configuration that says so. */
const effects = new WeakMap<HttpConfig, Effects>();

/** Throws PosternError `resource.config`. */
function effectsOf(config: HttpConfig): Effects {
  const known = effects.get(config);
  if (known) return known;
  const made = new Effects(config, destinationOf(config).base);
  effects.set(config, made);
  return made;
}

const dialect: Dialect<HttpConfig, "http"> = {
  name: "http",
  emits,
  browsers: true,
  read: (asked) => effectsOf(asked.config).read(asked),
  login: (secret, _whose, { login = "bearer" }) => (secret === undefined ? [] : loginFields(secret, login)),
  refusal: problemJson,
  tunnel: ({ upgrade }, _answer, looked) => (looked && upgrade === "websocket" ? webSocket : undefined),
};

const protocol: RequestProtocol<HttpConfig, Emits, "http"> = {
  name: "http",
  emits,
  ...webProtocol<HttpConfig, Emits, "http">(dialect),
  classify: async (text, config) => effectsOf(config).classify(text),
  replay: channelReplay,
  client,
  examine: async ({ config }, rules) => lookAlikePaths(rules, (text) => effectsOf(config).classify(text)),
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
    http2: true,
    timeout: true,
    opaque: true,
    routes: true,
    openapi: true,
    graphql: true,
    login: true,
    credential: true,
  });
  const { credential, ...given } = options;
  const config: HttpConfig = { timeout: "5m", ...given };
  checkTarget(config);
  milliseconds(config.timeout ?? "5m");
  if (config.login !== undefined) checkLogin(config.login);
  effectsOf(config);
  return { protocol, config, ...(credential ? { credential } : {}) };
}

export {
  type OAuthClientOptions,
  oauthClient,
  type SignedJwtOptions,
  signedJwt,
} from "./credentials/index.ts";
export type { HeaderLogin, LoginOption } from "./credentials/login.ts";
export type { GraphqlOption } from "./effects/graphql/index.ts";
export type { EffectOptions } from "./effects/index.ts";
export type { OpenApiOption } from "./effects/openapi.ts";
export type { RouteOption } from "./effects/routes.ts";
