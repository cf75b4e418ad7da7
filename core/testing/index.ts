/** What a test imports from `postern/testing`. */

export type { Explanation } from "../explain.ts";
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
