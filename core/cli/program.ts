import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import type { Adopter } from "../adopt.ts";
import { adopt } from "./adopt.ts";
import { approve, deny } from "./approvals/answer.ts";
import { listApprovals } from "./approvals/list.ts";
import { showApproval } from "./approvals/show.ts";
import { watchApprovals } from "./approvals/watch.ts";
import { queryAudit } from "./audit/query.ts";
import { reindexAudit } from "./audit/reindex.ts";
import { verifyAudit } from "./audit/verify.ts";
import { makeCertificates } from "./certs/certs.ts";
import { ChildEnded } from "./connect/child.ts";
import { connect } from "./connect/connect.ts";
import type { KnownClient } from "./connect/known.ts";
import { issueCredential } from "./credentials/issue.ts";
import { listCredentials } from "./credentials/list.ts";
import { revokeCredential } from "./credentials/revoke.ts";
import { doctor } from "./doctor/doctor.ts";
import { errorText, exitOf, exits } from "./exit.ts";
import { endGrant } from "./grants/end.ts";
import { listGrants } from "./grants/list.ts";
import { noun } from "./help.ts";
import { login } from "./login/login.ts";
import { logout } from "./login/logout.ts";
import { whoami } from "./login/whoami.ts";
import { checkPolicy } from "./policy/check.ts";
import { explainPolicy } from "./policy/explain.ts";
import { testPolicy } from "./policy/test.ts";
import { request } from "./request/request.ts";
import { revoke } from "./revoke/revoke.ts";
import { serveCommand } from "./serve.ts";
import { killSession } from "./sessions/kill.ts";
import { listSessions } from "./sessions/list.ts";
import { replaySession } from "./sessions/replay.ts";
import { showSession } from "./sessions/show.ts";
import { watchSession } from "./sessions/watch.ts";
import type { Terminal } from "./terminal.ts";
import { mintToken } from "./token/mint.ts";

/** What plugins add to the command line. */
export interface Added {
  readonly adopters: readonly Adopter[];
  readonly clients: readonly KnownClient[];
}

const nothingAdded: Added = { adopters: [], clients: [] };

/** As a shell tells that Ctrl-C ended a command. */
const interrupted = 130;

/** The whole command line. */
export function program(terminal: Terminal, added: Added = nothingAdded): Command {
  const all = new Command("postern")
    .description(
      "The one door between identities and infrastructure: callers bring who they are, never a password\n" +
        "of the target; the gateway decides, and watches every operation and every answer pass.",
    )
    .version(manifest.version)
    .addCommand(serveCommand(terminal))
    .addCommand(noun("policy", "check, explain and test a policy file, offline", policies(terminal)))
    .addCommand(login(terminal))
    .addCommand(logout(terminal))
    .addCommand(whoami(terminal))
    .addCommand(connect(terminal, added.clients))
    .addCommand(noun("token", "tokens of the gateway's own identity provider", [mintToken(terminal)]))
    .addCommand(noun("credentials", "short-lived users and passwords", credentials(terminal, added)))
    .addCommand(noun("approvals", "operations and requests that wait for a person", approvals(terminal)))
    .addCommand(request(terminal))
    .addCommand(noun("grants", "access that is open for a time", [listGrants(terminal), endGrant(terminal)]))
    .addCommand(noun("sessions", "who is connected, and what they did", sessions(terminal)))
    .addCommand(revoke(terminal))
    .addCommand(noun("audit", "the trail of all that was decided and done", audit(terminal)))
    .addCommand(makeCertificates(terminal))
    .addCommand(adopt(terminal, added.adopters))
    .addCommand(doctor(terminal))
    .addHelpText("after", `\n${conventions}`);
  settle(all, terminal);
  return all;
}

/** Runs one command line (without `node` and script) and resolves to its exit code. */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  added: Added = nothingAdded,
): Promise<number> {
  try {
    await program(terminal, added).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // Commander has said already what it has to say.
    if (error instanceof ChildEnded) return error.status;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (terminal.signal.aborted) return interrupted;
    terminal.err(errorText(error, args.includes("--json")));
    return exitOf(error);
  }
}

const policies = (terminal: Terminal) => [
  checkPolicy(terminal),
  explainPolicy(terminal),
  testPolicy(terminal),
];
const approvals = (terminal: Terminal) => [
  listApprovals(terminal),
  showApproval(terminal),
  approve(terminal),
  deny(terminal),
  watchApprovals(terminal),
];
const sessions = (terminal: Terminal) => [
  listSessions(terminal),
  showSession(terminal),
  killSession(terminal),
  replaySession(terminal),
  watchSession(terminal),
];
const credentials = (terminal: Terminal, { clients }: Added) => [
  issueCredential(terminal, clients),
  listCredentials(terminal),
  revokeCredential(terminal),
];
const audit = (terminal: Terminal) => [queryAudit(terminal), verifyAudit(terminal), reindexAudit(terminal)];

const conventions = [
  "Environment:",
  "  POSTERN_DATA     data folder, instead of --data (default ./.postern)",
  "  POSTERN_GATEWAY  URL of a gateway elsewhere, instead of --gateway",
  "  POSTERN_CA       PEM file of the authority of its certificate, instead of --ca",
  "  POSTERN_TOKEN    your token, instead of --token-file",
  "  NO_COLOR         no colour, on a terminal either",
  "",
  "Exit codes:",
  ...Object.entries(exits).map(([code, meaning]) => `  ${code}  ${meaning}`),
].join("\n");

/** What commander does not inherit: errors are thrown, and all text goes to our terminal. */
function settle(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .showHelpAfterError("(add --help for what it takes)")
    .configureHelp({ helpWidth: 110 })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHelpWidth: () => 110,
      getErrHelpWidth: () => 110,
      outputError: (text, write) => write(text.replace(/^error: /, "postern: ")),
    });
  for (const one of command.commands) settle(one, terminal);
}
