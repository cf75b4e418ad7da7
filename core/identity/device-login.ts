import { PosternError } from "../error.ts";
import { Declined, type Endpoint, post, type Tokens, tokensFrom } from "./token-endpoint.ts";

/** A sign-in that a person answers in a browser, on whatever machine (RFC 8628). */
export interface DeviceLogin {
  /** Where to go, and what to enter there. */
  readonly where: string;
  readonly userCode: string;
  /** The same with the code in it. */
  readonly complete?: string;
  /** Asks until the person has answered. Throws `Declined`, PosternError `login.provider`, and what the signal says. */
  tokens(signal: AbortSignal): Promise<Tokens>;
}

export interface DeviceClient {
  readonly device: Endpoint;
  readonly token: Endpoint;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Sent along with both questions: whom the token is for. */
  readonly audience: Readonly<Record<string, string>>;
}

const grant = "urn:ietf:params:oauth:grant-type:device_code";

/** Asks the provider for a code. Throws as `post` does. */
export async function beginDeviceLogin(client: DeviceClient, signal: AbortSignal): Promise<DeviceLogin> {
  const { clientId, scopes, audience } = client;
  const asked = { client_id: clientId, scope: scopes.join(" "), ...audience };
  const answer = await post(client.device, asked, signal);
  const { device_code: code, user_code: userCode, verification_uri: where } = answer;
  if (typeof code !== "string" || typeof userCode !== "string" || typeof where !== "string") {
    throw new PosternError("login.provider", "The identity provider gave no device code.", {
      hint: "Ask whoever keeps the policy: its client may not be allowed device codes.",
    });
  }
  const { verification_uri_complete: complete, interval } = answer;
  const pauses = typeof interval === "number" && interval > 0 ? interval * 1000 : 5_000;
  return {
    where,
    userCode,
    ...(typeof complete === "string" ? { complete } : {}),
    tokens: (signal) => ask(client, code, pauses, signal),
  };
}

async function ask(client: DeviceClient, code: string, pauses: number, signal: AbortSignal): Promise<Tokens> {
  const fields = { grant_type: grant, device_code: code, client_id: client.clientId, ...client.audience };
  for (let interval = pauses; ; ) {
    await pause(interval, signal);
    try {
      return await tokensFrom(client.token, fields, signal);
    } catch (error) {
      if (!(error instanceof Declined)) throw error;
      // RFC 8628, 3.5.
      if (error.error === "slow_down") interval += 5_000;
      else if (error.error !== "authorization_pending") throw error;
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", gone);
      resolve();
    }, ms);
    if (signal.aborted) gone();
    else signal.addEventListener("abort", gone, { once: true });
  });
}
