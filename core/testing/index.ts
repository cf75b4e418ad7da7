/** What a test imports from `postern/testing`. */

export type { Explanation } from "../explain.ts";
export { loadPolicy, type PolicyUnderTest, type Someone } from "./policy.ts";
