/** SASL mechanisms (RFC 7677); the second binds the login to the TLS connection that it comes over. */
export const scram = "SCRAM-SHA-256";
export const scramPlus = "SCRAM-SHA-256-PLUS";

/** A token by SASL (RFC 7628). */
export const oauthBearer = "OAUTHBEARER";

/** The channel binding that PostgreSQL knows (RFC 5929, 4). */
export const bindingType = "tls-server-end-point";

/** What SCRAM sends of its channel binding in `c=` (RFC 5802, 5.1). */
export function boundHeader(header: string, endPoint?: Uint8Array): string {
  return Buffer.concat([Buffer.from(header, "latin1"), endPoint ?? Buffer.alloc(0)]).toString("base64");
}
