export { classifyApart } from "./apart.ts";
export { classify, loadParser, type Shape, type SqlStatement } from "./classify.ts";
export { columnsOf, loadFor } from "./columns.ts";
export type { NameUse } from "./reader.ts";
export { defaultSettings, nextSettings, type SessionSettings } from "./settings.ts";
