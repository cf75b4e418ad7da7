export { classifyCommand } from "./classify.ts";
export { type CommandContext, type HostShell, hostShells } from "./reading.ts";
