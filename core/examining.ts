import type { Examination, Finding } from "./finding.ts";
import { shortened } from "./shortened.ts";

/** Milliseconds that a hold waits for what a protocol can tell of its operation. */
export const examinationMs = 2_000;

/** Findings of one operation, and characters of each, that an approver is shown and the trail keeps. */
const most = { findings: 60, label: 60, value: 500 } as const;

/** What an approver is shown of an operation beside itself. */
export interface Examined {
  readonly findings: readonly Finding[];
  /** What `Examination.meaning` said; absent: nothing that an approval could bind to. */
  readonly meaning?: string;
}

/** Nothing was asked. */
export const unexamined: Examined = { findings: [] };

/** Why something is not known. */
type Lost = { readonly lost: "late" | "failed" };

/**
 * What the protocol tells within the limit. Never rejects, and never takes longer: what is missing is said, and
 * `failed` gets what went wrong, for the operator.
 */
export async function examine(
  examination: Examination,
  ended: AbortSignal,
  failed: (error: unknown) => void,
  limit = examinationMs,
): Promise<Examined> {
  const findings: Finding[] = [];
  let open = true;
  let left = 0;
  const tell = (finding: Finding) => {
    if (!open) return;
    if (findings.length >= most.findings) {
      left += 1;
      // What nobody need be warned of makes room for what one must be, however much of it there is.
      const plain = finding.severity === undefined ? -1 : findings.findLastIndex((one) => !one.severity);
      if (plain < 0) return;
      findings.splice(plain, 1);
    }
    findings.push(bounded(finding));
  };
  const [told, meaning] = await within(limit, ended, failed, (signal) => [
    examination.examine(tell, signal).then(() => ""),
    examination.meaning?.(signal),
  ]);
  open = false;
  if (left > 0) findings.push(missing(`${left} more things were found than are shown`));
  const lost = [told, meaning].flatMap((one) => (typeof one === "object" ? one.lost : []));
  const unbound = typeof meaning === "object" ? ", and an approval counts only until it can be told" : "";
  if (lost.includes("failed"))
    findings.push(missing(`the resource could not be asked for all: more may be so${unbound}`));
  else if (lost.length > 0)
    findings.push(missing(`not all was known within ${limit / 1000} s: more may be so${unbound}`));
  return { findings, ...(typeof meaning === "string" ? { meaning } : {}) };
}

/** What the operation means now; undefined: that cannot be told in time. */
export async function meaningOf(
  examination: Examination,
  ended: AbortSignal,
  failed: (error: unknown) => void,
  limit = examinationMs,
): Promise<string | undefined> {
  const [meaning] = await within(limit, ended, failed, (signal) => [examination.meaning?.(signal)]);
  return typeof meaning === "string" ? meaning : undefined;
}

/** Waits for each, but not past the limit, nor for a session that is over. */
async function within<T>(
  limit: number,
  ended: AbortSignal,
  failed: (error: unknown) => void,
  ask: (signal: AbortSignal) => (Promise<T> | undefined)[],
): Promise<(T | Lost | undefined)[]> {
  const stop = new AbortController();
  const over = new Promise<Lost>((resolve) => {
    const late = () => resolve({ lost: "late" });
    const timer = setTimeout(late, limit);
    stop.signal.addEventListener("abort", () => clearTimeout(timer));
    ended.addEventListener("abort", late, { signal: stop.signal });
    if (ended.aborted) late();
  });
  const lost = (error: unknown): Lost => {
    // What was told to stop may say so.
    if (!stop.signal.aborted) failed(error);
    return { lost: "failed" };
  };
  try {
    return await Promise.all(ask(stop.signal).map((one) => one && Promise.race([one.catch(lost), over])));
  } catch (error) {
    return [lost(error)];
  } finally {
    stop.abort();
  }
}

function bounded({ label, value, severity, statement }: Finding): Finding {
  return {
    label: shortened(label, most.label),
    value: shortened(value, most.value),
    ...(severity === undefined ? {} : { severity }),
    ...(statement === undefined ? {} : { statement }),
  };
}

function missing(value: string): Finding {
  return { label: "examination", value, severity: "warning" };
}
