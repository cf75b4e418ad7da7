import pino, { type DestinationStream, type Logger } from "pino";
import { NotAccepted } from "./identity.ts";
import { prettyLine } from "./log-line.ts";
import { scrub, secretFields } from "./log-scrub.ts";

/** Structured JSON, one object a line: `level`, `time` (epoch milliseconds), `msg`, and what the call gives. */
export type Log = Logger;

export interface LogOptions {
  readonly level?: "debug" | "info" | "warn" | "error" | "silent";
  /** Every line of this process carries it: `supervisor`, `worker-0`. */
  readonly process?: string;
  /** For people instead of machines; by default where stderr is a terminal. */
  readonly pretty?: boolean;
  readonly to?: DestinationStream;
}

/**
 * Writes to stderr. Fields that hold secrets by name are replaced, and what looks like a token or a
 * password in a URL is cut out of every line, whoever wrote it there.
 */
export function createLog(options: LogOptions = {}): Log {
  const to = options.to ?? pino.destination({ dest: 2, sync: true });
  const pretty = options.pretty ?? process.stderr.isTTY === true;
  return pino(
    {
      level: options.level ?? "info",
      base: options.process === undefined ? {} : { process: options.process },
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: "[secret]" },
      serializers: { error: shown },
    },
    {
      write(line: string) {
        const safe = scrub(line);
        to.write(pretty ? prettyLine(safe) : safe);
      },
    },
  );
}

/** A refused credential is no fault of the gateway's: where in its code it was refused tells nobody anything. */
function shown(error: Error): object {
  if (error instanceof NotAccepted) return { type: error.name, message: error.message };
  return pino.stdSerializers.err(error);
}

/** What nobody caught ends the process, as ever, but is told in the log and without its secrets. */
export function logCrashes(log: Log): { close(): void } {
  const crash = (error: unknown) => {
    log.fatal({ error }, "a fault that nobody caught ends this process");
    process.exit(70);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  return {
    close() {
      process.off("uncaughtException", crash);
      process.off("unhandledRejection", crash);
    },
  };
}
