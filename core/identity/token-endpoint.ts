import { readFileSync } from "node:fs";
import { PosternError } from "../error.ts";

/** What a token endpoint gives (RFC 6749, 5.1), in our own words. */
export interface Tokens {
  readonly token: string;
  readonly refreshToken?: string;
  /** Epoch milliseconds at which they were given, and at which the token ends. */
  readonly obtained: number;
  readonly expires?: number;
}

/** Where to post, and what else it takes to trust who answers. */
export interface Endpoint {
  readonly url: string;
  /** Path of a PEM file; absent: the machine's own authorities. */
  readonly ca?: string;
}

/** Said no in the form of RFC 6749, 5.2. */
export class Declined extends Error {
  constructor(
    readonly error: string,
    readonly description: string | undefined,
  ) {
    super(description ?? error);
  }
}

/** Milliseconds. */
const patience = 30_000;

/** Throws `Declined`, PosternError `login.provider`. */
export async function tokensFrom(
  endpoint: Endpoint,
  fields: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Tokens> {
  const answer = await post(endpoint, fields, signal);
  const { access_token: token, refresh_token: refreshToken, expires_in: life } = answer;
  if (typeof token !== "string" || token === "") throw malformed(endpoint, "it has no access_token");
  const obtained = Date.now();
  const seconds = Number(life);
  return {
    token,
    obtained,
    ...(typeof refreshToken === "string" ? { refreshToken } : {}),
    ...(life !== undefined && seconds > 0 ? { expires: obtained + seconds * 1000 } : {}),
  };
}

/** Posts a form and reads a JSON object. Throws `Declined`, PosternError `login.provider`. */
export async function post(
  { url, ca }: Endpoint,
  fields: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams(fields),
      // Codes and tokens go where the provider said, and nowhere else.
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      ...(ca === undefined ? {} : { tls: { ca: readFileSync(ca) } }),
    });
    text = await response.text();
  } catch (cause) {
    signal.throwIfAborted();
    throw new PosternError("login.provider", `${url} does not answer: ${(cause as Error).message}`, {
      hint: "Check the network; NODE_EXTRA_CA_CERTS=FILE makes a private authority known.",
      cause,
    });
  }
  const answer = objectIn(text);
  if (response.ok && answer) return answer;
  const { error, code, error_description: description, message } = answer ?? {};
  const why = [error, code].find((one) => typeof one === "string");
  if (why === undefined || typeof why !== "string") throw malformed({ url }, `it is ${response.status}`);
  const told = [description, message].find((one) => typeof one === "string");
  throw new Declined(why, typeof told === "string" ? told : undefined);
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function malformed({ url }: Endpoint, why: string): PosternError {
  return new PosternError("login.provider", `The answer of ${url} is none of a token endpoint: ${why}.`, {
    hint: "Ask whoever keeps the policy: the issuer or its client may be set up wrongly.",
  });
}
