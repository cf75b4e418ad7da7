import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClientAccess, type ClientLaunch, type KnownClient, toldOf } from "../../core/plugin.ts";
import type { HttpTarget } from "./config.ts";

/** What the gateway tells of itself; `prepare` makes files of it that curl and others read. */
const variables = ["POSTERN_URL", "POSTERN_HTTP_USER", "POSTERN_HTTP_PASSWORD"] as const;
type Told = Readonly<Record<(typeof variables)[number], string>>;

/** curl, and all that read a netrc file. */
export function client(access: ClientAccess, config: HttpTarget): ClientLaunch {
  const { resource, host, port, tls, user, password, own } = access;
  const named = config.hosts?.find((name) => !name.startsWith("*"))?.replace(/:\d+$/, "");
  const at = named ?? (host.includes(":") ? `[${host}]` : host);
  const path = config.hosts || own ? "" : `/${resource}`;
  return {
    command: ["curl"],
    environment: {
      POSTERN_URL: `${tls ? "https" : "http"}://${at}:${port}${path}`,
      POSTERN_HTTP_USER: user,
      POSTERN_HTTP_PASSWORD: password,
    } satisfies Told,
  };
}

/**
 * What a gateway elsewhere may have started here: what stands behind `--`. The login is in a netrc file, bound to the
 * gateway's host: no other one that the command asks, or is sent to, gets it.
 */
export const knownClient: KnownClient = {
  program: "curl",
  variables,
  prepare(given, [program = "curl", ...args], folder, { ca }) {
    const { url, user, password } = checked(given);
    const netrc = join(folder, "netrc");
    const machine = url.hostname.replace(/^\[|\]$/g, "");
    writeFileSync(netrc, `machine ${machine} login ${user} password ${password}\n`, { mode: 0o600 });
    const settings = [
      `netrc-file = ${quoted(netrc)}`,
      ...(ca === undefined ? [] : [`cacert = ${quoted(ca)}`]),
    ];
    writeFileSync(join(folder, ".curlrc"), `${settings.join("\n")}\n`, { mode: 0o600 });
    return {
      command: [program, ...args],
      // curl looks for .curlrc in CURL_HOME; NETRC is what Python's requests and others read.
      environment: { POSTERN_URL: url.href.replace(/\/$/, ""), CURL_HOME: folder, NETRC: netrc },
    };
  },
  settings(given) {
    return { text: `${checked(given).url.href.replace(/\/$/, "")}\n` };
  },
};

/** As .curlrc has it. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** What a gateway elsewhere tells is no more than it may be. Throws PosternError `connect.unknown-client`. */
function checked(given: Readonly<Record<string, string>>) {
  const wanted = (name: keyof Told, form: RegExp) => toldOf(given, name, form);
  return {
    url: new URL(
      wanted(
        "POSTERN_URL",
        /^https?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/,
      ),
    ),
    user: wanted("POSTERN_HTTP_USER", /^pc_[a-z0-9]+$/i),
    password: wanted("POSTERN_HTTP_PASSWORD", /^[A-Za-z0-9._~+/=-]+$/),
  };
}
