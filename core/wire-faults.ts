import { PosternError } from "./error.ts";

export const wireClosed = () => new PosternError("wire.closed", "The connection was closed.");
export const wireTimeout = () => new PosternError("wire.timeout", "The other side took too long.");

export const noTls = () => new PosternError("tls.none", "This connection cannot turn to TLS.");
export const earlyData = () =>
  new PosternError("tls.early", "The server sent data in clear before TLS began.");
export const handshakeFailed = (cause: Error | null) =>
  new PosternError("tls.handshake", "The TLS handshake failed.", {
    hint: "Both sides must speak TLS 1.2 or 1.3, and the client must trust the certificate.",
    cause,
  });
