import { isDeepStrictEqual } from "node:util";
import {
  type Identity,
  type IdentityProvider,
  oneOf,
  onlyKnown,
  PosternError,
} from "../../../core/plugin.ts";
import { keyInLine } from "./line.ts";
import { fingerprint } from "./public-key.ts";

export interface KeyHolder {
  /** Public keys as in a .pub file: `ssh-ed25519 AAAA…`. */
  readonly keys: readonly string[];
  /** Default `person`. */
  readonly kind?: Identity["kind"];
  readonly groups?: readonly string[];
  /** What tells that this is the same person as another provider's identity: an e-mail address. */
  readonly person?: string;
  /** Since when these keys are theirs: a date (`2026-11-22T10:00:00Z`). Without it, since before any `postern revoke`. */
  readonly since?: string;
}

const issuer = "ssh-keys";

/**
 * Identities by the public keys that the policy lists, for SSH.
 *
 *     sshKeys({ "deploy-bot": { kind: "machine", keys: ["ssh-ed25519 AAAA…"], groups: ["ci"] } })
 *
 * What a key has opened ends when a policy follows that does not list it, or says anything else of whose it is.
 *
 * Throws PosternError `policy.option`, `ssh.public-key`.
 */
export function sshKeys(holders: Readonly<Record<string, KeyHolder>>): IdentityProvider {
  const known = new Map<string, Identity>();
  const byFingerprint = new Map<string, Identity>();
  for (const [subject, holder] of Object.entries(holders)) {
    onlyKnown<KeyHolder>("sshKeys", holder, {
      ...{ keys: true, kind: true, groups: true, person: true, since: true },
    });
    const { keys, kind = "person", groups = [], person, since } = holder;
    oneOf("kind of sshKeys()", kind, ["person", "machine"]);
    for (const line of keys) {
      const blob = keyInLine(line, `sshKeys(): ${subject}`);
      const other = known.get(blob.toString("base64"));
      if (other) {
        throw new PosternError("policy.option", `${subject} and ${other.subject} of sshKeys() share a key.`, {
          hint: "One key is one identity's: take it from one of them.",
        });
      }
      const credentialId = fingerprint(blob);
      const identity: Identity = {
        ...{ issuer, subject, kind, groups, credentialId },
        ...(person === undefined ? {} : { person }),
        ...(since === undefined ? {} : { issuedAt: dateOf(since, subject) }),
      };
      known.set(blob.toString("base64"), identity);
      byFingerprint.set(credentialId, identity);
    }
  }
  return {
    name: issuer,
    async open() {
      return {
        identify: async () => undefined,
        vouchesFor: (identity) => isDeepStrictEqual(byFingerprint.get(identity.credentialId ?? ""), identity),
        keyed: async ({ key }) => known.get(Buffer.from(key).toString("base64")),
      };
    },
  };
}

/** Epoch milliseconds. A day to come is none: the keys would outlive each revocation until then. */
function dateOf(since: string, subject: string): number {
  const at = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(since) ? Date.parse(since) : Number.NaN;
  if (at <= Date.now()) return at;
  throw new PosternError(
    "policy.option",
    `sshKeys(): "${since}" is no date in the past, as \`since\` of ${subject} is.`,
    {
      hint: "Write when these keys became theirs: 2026-11-22, or 2026-11-22T10:00:00Z.",
    },
  );
}
