import type { X509Certificate } from "node:crypto";
import type { Socket, SocketHandler } from "bun";
import { TlsClient } from "./client.ts";
import type { SecureContext } from "./files.ts";
import { TlsLink } from "./link.ts";
import type { TlsServer } from "./server.ts";

/** Who we are in a handshake; as the server with what we take where the caller offers protocols (ALPN). */
export type TlsSide = TlsClient | { readonly server: TlsServer; readonly alpn: string | readonly string[] };

/**
 * Starts TLS on a socket whose plain bytes are read up to `first`, which belong to the handshake already.
 * Returns the plain socket, which still gets events, of ciphertext, and the encrypted one.
 */
export function upgradeSocket<Data>(
  socket: Socket<Data>,
  data: Data,
  side: TlsSide,
  first: Buffer,
  handlers: TlsHandlers<Data>,
): [plain: Socket<Data>, encrypted: Socket<Data>] {
  // Several of these are missing from bun-types; a variable may carry them where a literal may not.
  const options = {
    data,
    socket: handlers,
    isServer: !(side instanceof TlsClient),
    // `check` decides what is verified; a refusal can then be said in the protocol's own words.
    tls: { rejectUnauthorized: false, ...(side instanceof TlsClient ? asClient(side) : asServer(side)) },
    ...(first.length === 0 ? {} : { initialData: first }),
  };
  return socket.upgradeTLS<Data>(options);
}

export interface TlsHandlers<Data> extends SocketHandler<Data> {
  /** The caller asks for this name (SNI): the context of its certificate; undefined: as begun. */
  serverName(data: Data, name: string): SecureContext | undefined;
}

/** What was agreed on, once the handshake is done; nothing of it is verified yet. */
export function linkOf(socket: Socket<unknown>, side: TlsSide): TlsLink {
  const asks = side instanceof TlsClient || side.server.asks;
  const peer = asks ? (socket.getPeerX509Certificate() as X509Certificate | undefined) : undefined;
  const name = socket.getServername() || undefined;
  const own = () => socket.getX509Certificate() as X509Certificate | undefined;
  const server = side instanceof TlsClient ? peer : side.server.shown(name, own);
  return new TlsLink(name, socket.alpnProtocol || undefined, peer, server);
}

function asServer({ server, alpn }: Exclude<TlsSide, TlsClient>) {
  return { secureContext: server.context, requestCert: server.asks, ALPNProtocols: protocolList(alpn) };
}

function asClient({ context, sni, alpn }: TlsClient) {
  return {
    secureContext: context,
    serverName: sni,
    ...(alpn === undefined ? {} : { ALPNProtocols: protocolList(alpn) }),
  };
}

/** As it is sent (RFC 7301, 3.1). */
function protocolList(protocols: string | readonly string[]): string {
  return [protocols]
    .flat()
    .map((protocol) => `${String.fromCharCode(protocol.length)}${protocol}`)
    .join("");
}
