import { clientContext, connectWire, PosternError, TlsClient, type Wire } from "../../../core/plugin.ts";
import type { Destination, HttpTarget } from "../config.ts";

/** What the two sides are to agree on under TLS. */
export type Alpn = "h2" | "http/1.1";

/** Milliseconds to connect and to agree on TLS. */
const connectTime = 10_000;

/** A connection to a resource, secured where its URL says so. Throws PosternError `resource.*`, `tls.files`. */
export async function dialResource(
  { host, port, secure }: Destination,
  config: HttpTarget,
  alpn: Alpn,
): Promise<Wire> {
  const wire = await connectWire({ host, port, timeout: connectTime }).catch((cause: unknown) => {
    throw new PosternError("resource.unreachable", "The resource cannot be reached.", {
      hint: "Try again in a moment; the operator finds the reason in the log.",
      cause,
    });
  });
  if (!secure) return wire;
  wire.deadline(connectTime);
  try {
    const { tls, serverName = host } = config;
    const verification = tls === undefined || tls === "disable" ? "verify-full" : tls;
    const link = await wire.secure(new TlsClient(clientContext(config), verification, serverName, alpn));
    if (alpn === "h2" && link.alpn !== alpn)
      throw new Error("The resource did not agree on HTTP/2 (ALPN h2).");
    wire.deadline(0);
    return wire;
  } catch (cause) {
    wire.destroy();
    if (cause instanceof PosternError && !cause.code.startsWith("tls.")) throw cause;
    throw new PosternError("resource.tls", "The connection to the resource could not be secured.", {
      hint: "The operator finds the reason in the log.",
      cause,
    });
  }
}
