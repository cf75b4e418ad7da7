/** Where a resource credential comes from. Nothing is read when a policy loads, only when a session dials. */

export { env } from "./env.ts";
export { type ExecOptions, exec } from "./exec.ts";
export { file } from "./file.ts";
