import type { Attack } from "./attack.ts";
import { clients } from "./families/clients.ts";
import { definitions } from "./families/definitions.ts";
import { hiddenWrites } from "./families/hidden-writes.ts";
import { maskExpressions } from "./families/mask-expressions.ts";
import { maskPredicates } from "./families/mask-predicates.ts";
import { maskShapes } from "./families/mask-shapes.ts";
import { maskSideways } from "./families/mask-sideways.ts";
import { maskWrites } from "./families/mask-writes.ts";
import { parsing } from "./families/parsing.ts";
import { prepared } from "./families/prepared.ts";
import { protocol } from "./families/protocol.ts";
import { relations } from "./families/relations.ts";
import { serverFunctions } from "./families/server-functions.ts";
import { sessions } from "./families/sessions.ts";
import { typeFunctions } from "./families/type-functions.ts";
import { userFunctions } from "./families/user-functions.ts";
import { writing } from "./families/writes.ts";

/** All cases, in the order in which they are played. */
export const corpus: readonly Attack[] = [
  ...hiddenWrites,
  ...prepared,
  ...serverFunctions,
  ...typeFunctions,
  ...userFunctions,
  ...definitions,
  ...sessions,
  ...parsing,
  ...protocol,
  ...clients,
  ...relations,
  ...maskExpressions,
  ...maskShapes,
  ...maskSideways,
  ...maskPredicates,
  ...maskWrites,
  ...writing,
];
