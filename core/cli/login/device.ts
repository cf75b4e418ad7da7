import { PosternError } from "../../error.ts";
import { printable, type Terminal } from "../terminal.ts";
import { audienceOf, type OidcMethod, type Provider } from "./provider.ts";
import { Declined, post, type Tokens, tokensFrom } from "./token-endpoint.ts";

/** What the provider gives to sign in with on another machine (RFC 8628, 3.2). */
interface DeviceCode {
  readonly code: string;
  readonly userCode: string;
  readonly where: string;
  readonly complete: string | undefined;
  /** Milliseconds between two questions. */
  readonly interval: number;
}

const grant = "urn:ietf:params:oauth:grant-type:device_code";

/** The device authorization grant (RFC 8628). Throws PosternError `login.*`. */
export async function signInByDevice(
  terminal: Terminal,
  method: OidcMethod,
  provider: Provider & { readonly device: string },
): Promise<Tokens> {
  const { signal } = terminal;
  const { clientId, scopes } = method;
  const asked = { client_id: clientId, scope: scopes.join(" "), ...audienceOf(method) };
  const device = deviceCode(await post({ url: provider.device }, asked, signal));
  const ready = device.complete === undefined ? "" : `, or open ${printable(device.complete)}`;
  terminal.err(
    `Open ${printable(device.where)} on any machine, and enter the code ${printable(device.userCode)}${ready}\n`,
  );
  let { interval } = device;
  for (;;) {
    await pause(interval, signal);
    try {
      const fields = { grant_type: grant, device_code: device.code, client_id: clientId };
      return await tokensFrom({ url: provider.token }, { ...fields, ...audienceOf(method) }, signal);
    } catch (error) {
      if (!(error instanceof Declined)) throw error;
      // RFC 8628, 3.5.
      if (error.error === "slow_down") interval += 5_000;
      else if (error.error !== "authorization_pending") throw error;
    }
  }
}

function deviceCode(answer: Readonly<Record<string, unknown>>): DeviceCode {
  const { device_code: code, user_code: userCode, verification_uri: where } = answer;
  if (typeof code !== "string" || typeof userCode !== "string" || typeof where !== "string") {
    throw new PosternError("login.provider", "The identity provider gave no device code.", {
      hint: "Ask whoever keeps the policy: its client may not be allowed device codes.",
    });
  }
  const { verification_uri_complete: complete, interval } = answer;
  return {
    code,
    userCode,
    where,
    complete: typeof complete === "string" ? complete : undefined,
    interval: typeof interval === "number" && interval > 0 ? interval * 1000 : 5_000,
  };
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
    signal.addEventListener("abort", gone);
  });
}
