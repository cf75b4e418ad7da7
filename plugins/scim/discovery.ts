import { userSchema } from "./user.ts";

/** RFC 7643, 5: what of the protocol is there. */
export const configuration = {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: 200 },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    { type: "oauthbearertoken", name: "Bearer token", description: "The token that the policy names." },
  ],
} as const;

/** RFC 7643, 6. */
export const userType = {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
  ...{ id: "User", name: "User", endpoint: "/Users", schema: userSchema },
} as const;

const attribute = (name: string, type: "string" | "boolean", more: object = {}) => ({
  ...{ name, type, multiValued: false, required: false, caseExact: false },
  ...{ mutability: "readWrite", returned: "default", uniqueness: "none", ...more },
});

/** RFC 7643, 7: the attributes that are kept. */
export const userSchemaDefinition = {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
  ...{ id: userSchema, name: "User", description: "Whoever may have access." },
  attributes: [
    attribute("userName", "string", { required: true, uniqueness: "server" }),
    attribute("externalId", "string", { caseExact: true, uniqueness: "server" }),
    attribute("displayName", "string"),
    attribute("active", "boolean"),
    {
      ...attribute("emails", "string", { multiValued: true }),
      type: "complex",
      subAttributes: [attribute("value", "string"), attribute("primary", "boolean")],
    },
  ],
} as const;
