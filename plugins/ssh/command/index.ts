export { classifyCommand, readCommand } from "./classify.ts";
export { type CommandContext, type HostShell, hostShells } from "./reading.ts";
