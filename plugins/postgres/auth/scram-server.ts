import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ScramVerifier } from "../../../core/plugin.ts";
import { malformed } from "../wire/read.ts";
import { hmac, xor } from "./digest.ts";
import { bindingType, boundHeader, scram, scramPlus } from "./mechanism.ts";

export interface ScramServerOptions {
  /** What the caller chose. */
  readonly mechanism?: string;
  /** What it could bind to: SCRAM-SHA-256-PLUS was offered. */
  readonly endPoint?: Uint8Array | undefined;
  readonly nonce?: string;
}

/**
 * The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), with channel binding where the caller chose
 * it: the caller proves that it knows the password, we prove that we hold its verifier, and no password crosses the wire.
 */
export class ScramServer {
  readonly #verifier: ScramVerifier;
  readonly #bound: string;
  readonly #nonce: string;
  readonly #clientFirstBare: string;
  /** To send in AuthenticationSASLContinue. */
  readonly serverFirst: string;

  /** `clientFirst`: the data of SASLInitialResponse. Throws `postgres.protocol`. */
  constructor(clientFirst: string, verifier: ScramVerifier, options: ScramServerOptions = {}) {
    const { mechanism = scram, endPoint, nonce = randomBytes(18).toString("base64") } = options;
    const match = /^(n|y|p=[A-Za-z0-9.-]+),(a=[^,]*)?,((?:n=[^,]*),r=([\x21-\x2b\x2d-\x7e]+))$/.exec(
      clientFirst,
    );
    if (!match) throw malformed("SCRAM client-first-message", "it is not in the form that RFC 5802 gives");
    if (match[2]) throw malformed("SCRAM client-first-message", "an authorization identity is not supported");
    const flag = match[1] ?? "";
    const binds = mechanism === scramPlus;
    if (binds !== (flag === `p=${bindingType}`) || (!binds && flag.startsWith("p"))) {
      throw malformed("SCRAM client-first-message", "its channel binding does not go with the mechanism");
    }
    if (flag === "y" && endPoint) {
      throw malformed(
        "SCRAM client-first-message",
        "somebody hid from the client that channel binding is offered",
      );
    }
    this.#bound = boundHeader(`${flag},,`, binds ? endPoint : undefined);
    this.#verifier = verifier;
    this.#clientFirstBare = match[3] ?? "";
    this.#nonce = `${match[4]}${nonce}`;
    const salt = Buffer.from(verifier.salt).toString("base64");
    this.serverFirst = `r=${this.#nonce},s=${salt},i=${verifier.iterations}`;
  }

  /**
   * `clientFinal`: the data of SASLResponse. Returns what to send in AuthenticationSASLFinal, or
   * undefined when the proof is wrong. Throws `postgres.protocol` when it is no proof at all.
   */
  finish(clientFinal: string): string | undefined {
    const match = /^(c=([^,]+),r=([^,]+)),p=([A-Za-z0-9+/]{43}=)$/.exec(clientFinal);
    if (!match) throw malformed("SCRAM client-final-message", "it is not in the form that RFC 5802 gives");
    if (match[2] !== this.#bound) {
      throw malformed("SCRAM client-final-message", "it is bound to another connection than this one");
    }
    if (match[3] !== this.#nonce) throw malformed("SCRAM client-final-message", "its nonce is not ours");
    const signed = `${this.#clientFirstBare},${this.serverFirst},${match[1]}`;
    const clientKey = xor(Buffer.from(match[4] ?? "", "base64"), hmac(this.#verifier.storedKey, signed));
    const storedKey = createHash("sha256").update(clientKey).digest();
    if (!timingSafeEqual(storedKey, this.#verifier.storedKey)) return undefined;
    return `v=${hmac(this.#verifier.serverKey, signed).toString("base64")}`;
  }
}
