import { existsSync } from "node:fs";
import type { Command } from "commander";
import { PosternError } from "../../error.ts";
import { control, type DataFlag, dataFolder, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { oneLine, paint, type Terminal } from "../terminal.ts";
import { examinationOf } from "./examination.ts";
import type { Finding } from "./finding.ts";
import { gatewayState } from "./gateway.ts";
import { bunVersion, dataFolderMode, diskRoom } from "./machine.ts";
import { policyAndResources } from "./policy.ts";
import { trailState } from "./trail.ts";

export function doctor(terminal: Terminal): Command {
  return withJson(
    withData(
      command("doctor", {
        summary: "look for what is wrong, and say what to do",
        description:
          "Checks the runtime, the data folder and its disk, the gateway that runs there, the policy and whether\n" +
          "its resources can be reached, and the audit trail. With the name of a resource: who is logged in there\n" +
          "and did not come through the gateway; of a database, what those who may only read run as\n" +
          "there, and whether that may do more; of a cluster, whether it answers, and whether the gateway's own\n" +
          "login may do what the rules hand out, or far more; of a web service, whether a rule by path can be\n" +
          "walked around by another spelling of it. Changes nothing.",
        examples: [
          "postern doctor",
          "postern doctor shop.policy.ts --data /var/lib/postern --json",
          "postern doctor orders",
          "postern doctor prod",
        ],
        exits: { 1: "a check failed; a warning is none" },
      }).argument(
        "[subject]",
        "policy file (default: the one that the gateway serves), or a resource's name",
      ),
    ),
  ).action(async (subject: string | undefined, flags: DataFlag & JsonFlag) => {
    if (subject !== undefined && isResource(subject)) {
      return report(terminal, flags, await examinationOf(subject, control(terminal, flags)));
    }
    const policy = subject;
    const folder = dataFolder(terminal, flags);
    const { findings: gateway, status } = await gatewayState(folder, control(terminal, flags));
    const path = policy ?? status?.policy.path;
    const findings = [
      bunVersion(),
      dataFolderMode(folder),
      ...(existsSync(folder) ? [diskRoom(folder)] : []),
      ...gateway,
      ...(path === undefined ? [] : await policyAndResources(path, folder)),
      trailState(folder),
    ];
    report(terminal, flags, findings);
  });
}

/** A policy file has a folder or an ending, or lies here; a resource has none of them. */
function isResource(subject: string): boolean {
  return (
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(subject) && !/\.[cm]?[jt]s$/.test(subject) && !existsSync(subject)
  );
}

function report(terminal: Terminal, flags: JsonFlag, findings: readonly Finding[]): void {
  terminal.out(
    flags.json ? `${JSON.stringify(findings)}\n` : findings.map((one) => line(terminal, one)).join(""),
  );
  const failed = findings.filter(({ state }) => state === "fail").length;
  if (failed === 0) return;
  throw new PosternError("doctor.failed", `${failed} of ${findings.length} checks failed.`, {
    hint: "Each failed line above says what to do.",
  });
}

const colours = { ok: "green", warn: "yellow", fail: "red" } as const;

function line(terminal: Terminal, { check, state, message, hint }: Finding): string {
  const head = `${paint(terminal, colours[state], state.padEnd(4))}  ${check}: ${oneLine(message)}\n`;
  return hint === undefined ? head : `${head}      ${hint}\n`;
}
