import { type Argument, untold } from "./argument.ts";
import { targetPath } from "./path.ts";
import type { Reading } from "./reading.ts";

/** The far end of scp, rsync, git and sftp, as their clients start it on the host. */
export function transfers(name: string, args: readonly Argument[], reading: Reading): void {
  const read = ends.get(name)?.(args);
  if (!read) return;
  if (read === "unknown") return reading.unknown(`${name} with arguments other than its own client sends`);
  for (const effect of read.effects) {
    for (const path of read.paths) reading.add({ effect, on: targetPath(path) });
  }
}

interface Transfer {
  readonly effects: readonly ("read" | "write" | "delete")[];
  readonly paths: readonly Argument[];
}
type End = (args: readonly Argument[]) => Transfer | "unknown" | undefined;

const git =
  (options: RegExp, ...effects: Transfer["effects"]): End =>
  (args) =>
    taken(args, options, effects);

/** scp's own protocol: `-t` takes files (sink), `-f` gives them (source). Without either it is a client. */
const scp: End = (args) => {
  const sink = args.some(({ text }) => text === "-t");
  const source = args.some(({ text }) => text === "-f");
  if (sink === source) return "unknown";
  return taken(args, /^-[trpdvqf]$/, [sink ? "write" : "read"]);
};

/** `rsync --server [--sender] OPTIONS . PATH…`; without `--server` it is a client, which runs a remote shell. */
const rsync: End = (args) => {
  if (args[0]?.text !== "--server") return "unknown";
  const sender = args.some(({ text }) => text === "--sender");
  const dot = args.findIndex(({ text }) => text === ".");
  if (dot < 0 || !args.slice(0, dot).every(({ text, pattern }) => !pattern && rsyncOption.test(text ?? ""))) {
    return "unknown";
  }
  const paths = args.slice(dot + 1);
  // rsync takes options behind its paths as well; its client writes `./-x`.
  if (paths.some(({ text }) => text === undefined || text.startsWith("-"))) return "unknown";
  const deletes = args.some(({ text }) => /^--(delete|remove-)/.test(text ?? ""));
  return {
    effects: [sender ? "read" : "write", ...(deletes ? (["delete"] as const) : [])],
    paths,
  };
};

/** Letters that take no value; behind `e.` what the client can do, not a remote shell. */
const rsyncOption =
  /^(--server|--sender|-[vqlogDtprcizuxHAXSRWnEUNOJ]*(e\d*\.[A-Za-z]*)?|--delete(-before|-during|-after|-delay|-excluded)?|--remove-source-files|--numeric-ids|--partial|--inplace|--append|--existing|--ignore-existing|--ignore-errors|--size-only|--checksum|--stats|--progress|--no-implied-dirs|--omit-dir-times|--timeout=\d+|--bwlimit=\d+|--compress-level=\d+|--modify-window=\d+|--log-format=%i)$/;

/** All that an SFTP client may ask for; over the subsystem each of its operations is decided by itself. */
const sftp: End = (args) =>
  args.length > 0 ? "unknown" : { effects: ["read", "write", "delete"], paths: [untold] };

const ends: ReadonlyMap<string, End> = new Map([
  ["git-upload-pack", git(/^(--strict|--timeout=\d+)$/, "read")],
  ["git-upload-archive", git(/^(?!)/, "read")],
  ["git-receive-pack", git(/^(?!)/, "write")],
  ["scp", scp],
  ["rsync", rsync],
  ["sftp-server", sftp],
  ["internal-sftp", sftp],
]);

function taken(
  args: readonly Argument[],
  options: RegExp,
  effects: Transfer["effects"],
): Transfer | "unknown" {
  const end = args.findIndex(({ text }) => text === "--");
  const before = end < 0 ? args : args.slice(0, end);
  const isOption = ({ text, pattern }: Argument) => !pattern && text?.startsWith("-") === true;
  if (!before.filter(isOption).every(({ text }) => options.test(text ?? ""))) return "unknown";
  const paths = [...before.filter((one) => !isOption(one)), ...(end < 0 ? [] : args.slice(end + 1))];
  // What is not told may be an option: `x=-f; scp -t $x`.
  const untoldOption = before.some(({ text }) => text === undefined);
  return untoldOption || paths.length === 0 ? "unknown" : { effects, paths };
}
