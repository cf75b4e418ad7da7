import { join } from "node:path";
import {
  type Duration,
  type IdentityProvider,
  milliseconds,
  onlyKnown,
  PosternError,
  signingKey,
  type WebFace,
} from "../../core/plugin.ts";
import type { samlFace } from "./face.ts";
import { checkOptions, type IdentityProviderOptions, identityProviderTerms } from "./idp.ts";
import type { Terms } from "./terms.ts";
import { Tokens } from "./tokens.ts";

export interface SamlOptions {
  /** Where it is reached: `<web url>/identity/<path>/`. Letters, digits, `.`, `-`, `_`. */
  readonly path: string;
  /** Our own name, as the identity provider knows us, and the issuer of the identities. */
  readonly entityId: string;
  readonly idp: IdentityProviderOptions;
  /** The attribute that says who it is, instead of the NameID. */
  readonly subject?: string;
  /** The attributes with the groups. */
  readonly groups?: string | readonly [string, ...string[]];
  /** The attribute to show people. */
  readonly name?: string;
  /** The attribute that is the same for all identities of one person, such as a verified e-mail address. */
  readonly person?: string;
  /** How long a login lasts, unless the identity provider says less. */
  readonly ttl?: Duration;
  /** How far the identity provider's clock may be off ours. */
  readonly clockSkew?: Duration;
}

/**
 * People from a SAML 2.0 identity provider: they sign in with a browser (`postern login`), and what they show is a
 * token of the gateway's own.
 *
 *     saml({ path: "corp", entityId: "https://gateway.example.com/identity/corp/metadata", idp: { metadata: "idp.xml" } })
 *
 * Throws PosternError `saml.options`, `saml.identity-provider`, `identity.key-exposed`, `policy.duration`, `policy.option`.
 */
export function saml(options: SamlOptions): IdentityProvider {
  onlyKnown<SamlOptions>("saml", options, {
    path: true,
    entityId: true,
    idp: true,
    subject: true,
    groups: true,
    name: true,
    person: true,
    ttl: true,
    clockSkew: true,
  });
  checkOptions(options.idp);
  const terms = checkedTerms(options);
  return {
    name: "saml",
    async open({ dataDir }) {
      const idp = await identityProviderTerms(options.idp);
      const key = await signingKey(join(dataDir, "identity"), `saml-${terms.path}.pem`);
      const tokens = new Tokens(key, terms.entityId, terms.ttl);
      return {
        identify: (token) => tokens.identify(token),
        vouchesFor: ({ issuer }) => issuer === terms.entityId,
        web: loadedLate({ ...terms, idp }, tokens),
        login: { kind: "gateway", name: terms.path, path: terms.path },
      };
    },
  };
}

/** The XML of SAML takes 25 MB, which only who answers browsers has to load: the supervisor, not its workers. */
function loadedLate(terms: Terms, tokens: Tokens): WebFace {
  let face: Promise<ReturnType<typeof samlFace>> | undefined;
  const loaded = () => {
    face ??= import("./face.ts").then(({ samlFace }) => samlFace(terms, tokens));
    return face;
  };
  return {
    path: terms.path,
    handle: async (...asked) => (await loaded()).handle(...asked),
    browser: {
      begin: async (...asked) => (await loaded()).browser.begin(...asked),
      redeem: async (shown) => (await loaded()).browser.redeem(shown),
    },
  };
}

function checkedTerms({
  path,
  entityId,
  subject,
  groups = "groups",
  name,
  person,
  ...more
}: SamlOptions): Omit<Terms, "idp"> {
  const ttl = milliseconds(more.ttl ?? "8h");
  const wrong = !/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/.test(path)
    ? "path has other characters than letters, digits, `.`, `-` and `_`"
    : entityId === "" || entityId.length > 1024
      ? "entityId has not from 1 to 1024 characters (SAML core 8.3.6)"
      : ttl < 1000
        ? "ttl is less than a second"
        : undefined;
  if (wrong !== undefined) {
    throw new PosternError("saml.options", `saml(): ${wrong}.`, { hint: "See plugins/saml/README.md." });
  }
  return {
    path,
    entityId,
    reading: {
      groups: typeof groups === "string" ? [groups] : groups,
      ...(subject === undefined ? {} : { subject }),
      ...(name === undefined ? {} : { name }),
      ...(person === undefined ? {} : { person }),
    },
    ttl,
    clockSkew: milliseconds(more.clockSkew ?? "30s"),
  };
}
