import { decoyVerifier, scramVerifier } from "../../../core/credential/scram.ts";
import { type CallerCredential, type Door, type Identity, PosternError } from "../../../core/plugin.ts";
import { defaultLimits } from "../../../core/policy.ts";
import { keyDelivered } from "../cancel.ts";
import { definedElsewhere } from "../defined.ts";
import { delivering } from "../workers.ts";

const delivered = delivering({ cancel: keyDelivered, defined: definedElsewhere });

/** A Door that knows the token `good` and the credential `pc_known` with the password `pencil`. */
export function testDoor(
  listener: Partial<Door["listener"]> = {},
): Door & { readonly shown: CallerCredential[] } {
  const shown: CallerCredential[] = [];
  const refused = () => new PosternError("identity.refused", "The credential was not accepted (ref_1).");
  return {
    shown,
    listener: { protocol: "postgres", host: "127.0.0.1", port: 5432, insecure: true, ...listener },
    limits: defaultLimits,
    device: undefined,
    discovery: undefined,
    dataDir: "/nowhere",
    resources: {},
    denied: () => {},
    async identify(credential) {
      shown.push(credential);
      if (credential.kind === "token" && credential.token !== "good") throw refused();
      return alice;
    },
    certified: async () => undefined,
    async verifier(id) {
      return id === "pc_known" ? await scramVerifier("pencil") : decoyVerifier(id);
    },
    refused,
    keyed: async () => undefined,
    enter: (inner) => inner.destroy(),
    deliver: (message) => Promise.resolve(delivered(message)),
  };
}

export const alice: Identity = { issuer: "test", subject: "alice", kind: "person", groups: [] };
