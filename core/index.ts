/** What a policy file imports from `postern`, and what the author of a plugin needs. */

export type { Duration } from "./duration.ts";
export * from "./plugin.ts";
export { gateway } from "./policy/gateway.ts";
export type { PolicyInput, RuleInput, TlsInput } from "./policy/input.ts";
export { connect, define, execute, grant, read, remove, replicate, write } from "./policy/right.ts";
export type { Policy, Right } from "./policy.ts";
export { actingFor, alone, anyone, both, group, machine, person, type Who } from "./who.ts";
