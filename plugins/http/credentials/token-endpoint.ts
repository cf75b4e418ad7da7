import { readFileSync } from "node:fs";
import * as oauth from "oauth4webapi";
import { PosternError } from "../../../core/plugin.ts";
import { failed } from "./failed.ts";
import type { Made } from "./renewed.ts";

/** Milliseconds that an endpoint has to answer. */
const patience = 10_000;
/** Bytes of its answer. */
const longest = 256 * 1024;
/** Seconds that a token is taken to live where the endpoint says nothing of it (RFC 6749, 5.1). */
const unsaid = 300;

export interface TokenRequest {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly auth: oauth.ClientAuth;
  readonly parameters: Readonly<Record<string, string>>;
  /** PEM file: who issues the endpoint's certificate. */
  readonly ca: string | undefined;
}

/** Asks for a token by client credentials (RFC 6749, 4.4). Rejects with PosternError `credential.failed`. */
export async function tokenByClient(request: TokenRequest): Promise<Made> {
  const { tokenUrl, clientId, auth, parameters, ca } = request;
  const server = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl };
  const client = { client_id: clientId };
  const made = Date.now();
  try {
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      auth,
      { ...parameters },
      {
        [oauth.allowInsecureRequests]: tokenUrl.startsWith("http:"),
        [oauth.customFetch]: (url, options) => bounded(url, options, ca),
        signal: () => AbortSignal.timeout(patience),
      },
    );
    const answer = await oauth.processClientCredentialsResponse(server, client, response);
    if (answer.token_type !== "bearer") throw failed("the token endpoint gives tokens of another type");
    return { value: answer.access_token, made, expires: made + (answer.expires_in ?? unsaid) * 1000 };
  } catch (error) {
    if (error instanceof PosternError) throw error;
    throw failed(`the token endpoint ${server.issuer} ${reasonOf(error)}`);
  }
}

async function bounded(
  url: string,
  { method, headers, body, signal }: oauth.CustomFetchOptions<"POST", URLSearchParams>,
  ca: string | undefined,
): Promise<Response> {
  const response = await fetch(url, {
    method,
    headers,
    body,
    // The client's secret goes where the policy says, and nowhere else.
    redirect: "manual",
    ...(signal === undefined ? {} : { signal }),
    ...(ca === undefined ? {} : { tls: { ca: readFileSync(ca) } }),
  });
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > longest) throw failed("the token endpoint's answer is too long");
    parts.push(part);
  }
  const text = Buffer.concat(parts);
  return new Response(text.length === 0 ? null : text, {
    status: response.status,
    headers: response.headers,
  });
}

/** Codes alone: an error's own words may quote what was sent. */
function reasonOf(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError) {
    return /^[a-z_]{1,40}$/.test(error.error) ? `says ${error.error}` : `says no (${error.status})`;
  }
  if (error instanceof oauth.OperationProcessingError) return "gave an answer that is none of OAuth 2.0";
  if (error instanceof Error && error.name === "TimeoutError") return `did not answer in ${patience} ms`;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^[A-Za-z_.]{1,60}$/.test(code) ? `cannot be asked (${code})` : "cannot be asked";
}
