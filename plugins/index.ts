/** Every plugin of this package: what a policy file imports from `postern/plugins`. Importing one is its registration. */

export * from "./approve/index.ts";
export * from "./caep/index.ts";
export * from "./http/index.ts";
export * from "./kubernetes/index.ts";
export * from "./limit/index.ts";
export * from "./local/index.ts";
export * from "./mask/index.ts";
export * from "./mtls/index.ts";
export * from "./oidc/index.ts";
export * from "./postgres/index.ts";
export * from "./record/index.ts";
export * from "./saml/index.ts";
export * from "./scim/index.ts";
export * from "./secrets/index.ts";
export * from "./ssh/index.ts";
export * from "./webhook/index.ts";
