import { connectWire, PosternError, type Wire } from "../../core/plugin.ts";
import type { Account, PostgresConfig } from "./config.ts";
import { tlsClient, tlsFailed } from "./tls.ts";
import { sslRequest } from "./wire/startup.ts";

/** Where a resource listens, and how its connections are protected. */
export interface Target {
  /** A name, an address, or the path of a unix socket. */
  readonly host: string;
  readonly port: number;
  /** Absent: in clear. */
  readonly config?: PostgresConfig;
}

/** As libpq does: a host that is a folder holds the socket `.s.PGSQL.<port>`. */
export function targetOf(account: Account, config: PostgresConfig): Target {
  const { host, port } = account;
  return { host: host.startsWith("/") ? `${host}/.s.PGSQL.${port}` : host, port, config };
}

/**
 * A connection to the server, secured as its policy asks. Its deadline runs. Throws `wire.unreachable`,
 * `resource.tls`, and as `Wire.read` does.
 */
export async function connect({ host, port, config }: Target, timeout: number): Promise<Wire> {
  const wire = await connectWire({ host, port, timeout });
  wire.deadline(timeout);
  try {
    const client = config && tlsClient(config);
    if (!client) return wire;
    wire.write(sslRequest);
    const answer = (await wire.read(1)).toString("latin1");
    if (answer !== "S") throw noTls(answer);
    await wire.secure(client);
    return wire;
  } catch (error) {
    wire.destroy();
    throw error instanceof PosternError && error.code.startsWith("tls.") ? tlsFailed(error) : error;
  }
}

/** What an answer other than `S` says cannot be believed: nobody has proved anything yet. */
function noTls(answer: string): PosternError {
  const cause = new Error(
    answer === "N" ? "the server offers no TLS" : "the server answered SSLRequest with an error",
  );
  return new PosternError("resource.no-tls", "The resource does not speak TLS, and the policy asks for it.", {
    hint: 'Set `ssl = on` at the server; only where the network between is trusted write tls: "disable".',
    cause,
  });
}
