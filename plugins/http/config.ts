import { type Duration, isLoopback, PosternError, type TlsVerification } from "../../core/plugin.ts";

/** Where a resource is reached over HTTP, and how callers name it: what every dialect has. */
export interface HttpTarget {
  /** `https://grafana.internal:3000`; with a path, all requests go below it. */
  readonly url: string;
  /**
   * Host names that callers reach it by: `grafana.example.com`, `*.apps.example.com`. Absent: by the first part of the
   * path, which is the resource's name (`https://gateway/grafana/api/…`), and then for APIs alone: browsers share
   * cookies among all that one origin serves.
   */
  readonly hosts?: readonly string[];
  /** How much the resource's certificate must prove. `verify-full` unless given; `disable` for `http:` off the loopback interface. */
  readonly tls?: TlsVerification | "disable";
  /** PEM file: the authorities that issue the resource's certificate. The public ones unless given. */
  readonly ca?: string;
  /** PEM files: the gateway's own certificate and key, where the resource asks for one. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the resource's certificate must be for, where it is not the URL's. */
  readonly serverName?: string;
  /** Media types that pass under a mask though nobody can look into them: `image/*`. Unless given, they are withheld. */
  readonly opaque?: readonly string[];
}

/** Which version of HTTP a resource is spoken to in. */
export interface VersionChoice {
  /**
   * HTTP/2 towards the resource, agreed on in TLS (ALPN) or, with `http:`, spoken without asking: what gRPC needs. HTTP/1.1
   * unless given. Nothing is upgraded over it (WebSocket).
   */
  readonly http2?: boolean;
}

/** How long a resource may take. */
export interface AnswerTime {
  /**
   * From the last byte of a request, or from when the resource takes no more of it, to the first of its answer: then 504. What
   * follows may take its time. `"5m"` unless given: more than proxies allow (60 s), less than for ever.
   */
  readonly timeout?: Duration;
}

/** Where connections to a resource go. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** What `Host` says. */
  readonly authority: string;
  /** What all paths begin with, without a slash at its end. */
  readonly base: string;
}

/** Throws PosternError `resource.config`. */
export function destinationOf({ url }: Pick<HttpTarget, "url">): Destination {
  const parsed = URL.parse(url);
  const secure = parsed?.protocol === "https:";
  if (!parsed || (!secure && parsed.protocol !== "http:")) throw badUrl(url, "is no http or https URL");
  if (parsed.username !== "" || parsed.password !== "") throw badUrl(url, "holds a credential");
  if (parsed.search !== "" || parsed.hash !== "") throw badUrl(url, "has a query or a fragment");
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: parsed.port === "" ? (secure ? 443 : 80) : Number(parsed.port),
    secure,
    authority: parsed.host,
    base: parsed.pathname.replace(/\/+$/, ""),
  };
}

/** Throws PosternError `resource.config`. */
export function checkTarget(config: HttpTarget): void {
  const { secure, host } = destinationOf(config);
  for (const host of config.hosts ?? []) {
    if (/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/.test(host)) continue;
    throw new PosternError("resource.config", `"${host}" is no host name in lower case.`, {
      hint: 'Write "grafana.example.com" or "*.apps.example.com".',
    });
  }
  if ((config.cert === undefined) !== (config.key === undefined)) {
    throw new PosternError("resource.config", "cert and key go together.", {
      hint: "Name both, or neither.",
    });
  }
  if (secure ? config.tls === "disable" : config.tls !== undefined && config.tls !== "disable") {
    throw new PosternError("resource.config", `${config.url} and tls: "${config.tls}" do not go together.`, {
      hint: 'https:// with tls: "verify-full", "verify-ca" or "require"; http:// with tls: "disable".',
    });
  }
  if (!secure && config.tls === undefined && !isLoopback(host)) {
    throw new PosternError(
      "resource.config",
      `What goes to ${config.url} would cross the network in clear.`,
      {
        hint: 'Write https://; only where the network between is trusted add tls: "disable".',
      },
    );
  }
  const forTls = [config.ca, config.cert, config.serverName].some((each) => each !== undefined);
  if (!secure && forTls) {
    throw new PosternError(
      "resource.config",
      `${config.url} is reached in clear, and TLS options are given.`,
      {
        hint: "Write https://, or leave ca, cert, key and serverName out.",
      },
    );
  }
}

function badUrl(url: string, why: string): PosternError {
  return new PosternError(
    "resource.config",
    `The URL of an HTTP resource ${why}${why.includes("credential") ? "" : `: ${url}`}.`,
    {
      hint: 'Write { url: "https://grafana.internal:3000", credential: env("GRAFANA_TOKEN") }.',
    },
  );
}
