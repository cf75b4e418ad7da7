import { oneOf, onlyKnown, type Secret, type SignalSource } from "../../core/plugin.ts";
import { scimFace } from "./face.ts";
import { type SubjectFrom, subjectsFrom } from "./user.ts";

export interface ScimOptions {
  /** The bearer token that the identity provider shows. */
  readonly token: Secret;
  /** Which attribute of a SCIM user is the `subject` of its identities. Default `userName`. */
  readonly subject?: SubjectFrom;
  /** The issuer whose subjects these are; absent: of any. */
  readonly issuer?: string;
  /** It is reached at `/signals/<path>`. Default `scim`. */
  readonly path?: string;
}

/**
 * A SCIM 2.0 endpoint (RFC 7643, RFC 7644) for users: whoever is deactivated or deleted there has no access
 * here any more, within a second, until they are active again.
 *
 *     signals: [scim({ token: env("SCIM_TOKEN"), issuer: "https://login.example.com", subject: "externalId" })]
 *
 * Throws PosternError `policy.option`; opening throws `secret.unavailable`.
 */
export function scim(options: ScimOptions): SignalSource {
  onlyKnown<ScimOptions>("scim", options, { token: true, subject: true, issuer: true, path: true });
  const { token, subject = "userName", issuer, path = "scim" } = options;
  oneOf("subject of scim()", subject, subjectsFrom);
  return {
    name: `scim ${path}`,
    async open() {
      await token.read();
      return { web: scimFace({ token, path, subject, ...(issuer === undefined ? {} : { issuer }) }) };
    },
  };
}
