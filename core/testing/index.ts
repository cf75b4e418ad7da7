/** What a test imports from `postern/testing`. */

export type { Explanation } from "../explain.ts";
export { type GuardrailSubject, guardrailConformance } from "./conformance/guardrail/index.ts";
export type { OperationSample } from "./conformance/guardrail/samples.ts";
export { type IdentitySubject, identityProviderConformance } from "./conformance/identity.ts";
export { type NoticeReceiver, type NotifierSubject, notifierConformance } from "./conformance/notifier.ts";
export { protocolConformance } from "./conformance/protocol/index.ts";
export type {
  Login,
  ProtocolClient,
  ProtocolSubject,
  Sample,
  Service,
} from "./conformance/protocol/subject.ts";
export type { Address } from "./conformance/tap.ts";
export { TestGateway, testIdentities } from "./gateway.ts";
export { loadPolicy, type PolicyUnderTest, type Someone } from "./policy.ts";
export { type TestWebTools, testRecords, testWebTools } from "./web-tools.ts";
