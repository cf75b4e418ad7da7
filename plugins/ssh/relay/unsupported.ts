import type { Carriage } from "./carriage.ts";

/**
 * What is refused whatever the rules say: X11 (`x11`), and a listener on a unix socket of the host's (`listen unix
 * /PATH`), where nobody knows who may write to it. It stands in the trail as anything else that was denied.
 */
export function refuseForward({ gate, statements }: Carriage, on: string): void {
  const plan = gate.plan(statements.connect(on));
  const deny = {
    code: "ssh.unsupported",
    message: `The gateway does not forward this: ${on}.`,
    hint: "Forward a TCP port instead (-L, -R).",
  };
  void gate.begin({ ...plan, verdict: { deny } }, { inTransaction: false });
}
