import { randomBytes, timingSafeEqual } from "node:crypto";
import { malformed } from "../wire/read.ts";
import { hmac, xor } from "./digest.ts";
import { bindingType, boundHeader } from "./mechanism.ts";
import { keepKeys, type ScramKeys, scramKeys } from "./scram-keys.ts";

/** A resource that asks for more would only keep us busy. PostgreSQL's default is 4096. */
const maxIterations = 1_000_000;

/**
 * What a login says of channel binding (RFC 5802, 6): `bound` to this end point of TLS; `unoffered`: we
 * could, and the server did not offer it; `none`: we could not.
 */
export type Binding =
  | { readonly kind: "bound"; readonly endPoint: Uint8Array }
  | { readonly kind: "unoffered" | "none" };

/** The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), with and without channel binding. */
export class ScramClient {
  readonly #password: string;
  readonly #nonce: string;
  readonly #header: string;
  readonly #bound: string;
  #keys: ScramKeys | undefined;
  #serverSignature: Buffer | undefined;

  constructor(
    password: string,
    binding: Binding = { kind: "none" },
    nonce = randomBytes(18).toString("base64"),
  ) {
    this.#password = prepared(password);
    this.#nonce = nonce;
    const flag = { bound: `p=${bindingType}`, unoffered: "y", none: "n" }[binding.kind];
    this.#header = `${flag},,`;
    this.#bound = boundHeader(this.#header, binding.kind === "bound" ? binding.endPoint : undefined);
  }

  /** The data of SASLInitialResponse. The server takes the user from the start-up packet. */
  get first(): string {
    return `${this.#header}${this.#firstBare}`;
  }

  get #firstBare(): string {
    return `n=,r=${this.#nonce}`;
  }

  /** Takes the data of AuthenticationSASLContinue; returns that of SASLResponse. */
  async respond(serverFirst: string): Promise<string> {
    const match = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})$/.exec(serverFirst);
    const nonce = match?.[1] ?? "";
    const iterations = Number(match?.[3]);
    if (!match || !nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw malformed("SCRAM server-first-message", "it does not answer ours");
    }
    if (iterations < 1 || iterations > maxIterations) {
      throw malformed("SCRAM server-first-message", `it asks for ${iterations} iterations`);
    }
    this.#keys = await scramKeys(this.#password, match[2] ?? "", iterations);
    const { clientKey, storedKey, serverKey } = this.#keys;
    const withoutProof = `c=${this.#bound},r=${nonce}`;
    const signed = `${this.#firstBare},${serverFirst},${withoutProof}`;
    this.#serverSignature = hmac(serverKey, signed);
    return `${withoutProof},p=${xor(clientKey, hmac(storedKey, signed)).toString("base64")}`;
  }

  /** Takes the data of AuthenticationSASLFinal. False: the server does not know the password itself. */
  verify(serverFinal: string): boolean {
    const expected = this.#serverSignature;
    const match = /^v=([A-Za-z0-9+/]{43}=)$/.exec(serverFinal);
    const proved =
      expected !== undefined &&
      match !== null &&
      timingSafeEqual(Buffer.from(match[1] ?? "", "base64"), expected);
    if (proved && this.#keys) keepKeys(this.#keys);
    return proved;
  }
}

/**
 * SASLprep (RFC 4013) as far as passwords that people choose need it: compatibility forms, spaces and
 * soft hyphens. PostgreSQL takes a password that it cannot prepare as it is, and so do we.
 */
function prepared(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  const mapped = password
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, " ")
    .replace(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g, "")
    .normalize("NFKC");
  return /[\p{Cc}\p{Co}\p{Cs}\p{Cn}]/u.test(mapped) || mapped === "" ? password : mapped;
}
