import type { Attack } from "./attack.ts";
import { type Judged, placed, type Trial } from "./trial.ts";
import type { Seen, Witness } from "./witness.ts";

/** A case, or a mutant of one, to be played. */
export interface Try {
  readonly attack: Attack;
  /** Bytes a write, where it is sent in pieces. */
  readonly piece?: number;
  /** It may be anything: only the witness and what leaves count. */
  readonly loose?: boolean;
  /** What else must hold of its answer. */
  readonly also?: (judged: Judged) => readonly string[];
}

/** A case that is not as it should be, and why. */
export interface Finding {
  readonly attack: Attack;
  readonly faults: readonly string[];
}

/**
 * Plays cases, several at a time, and compares what came of them with what policy says, and both with what the server
 * has seen, which is asked after each `size` of them. Where something is amiss the world is made anew and they are
 * played again in smaller parts, down to each alone.
 */
export async function playRound(
  tries: readonly Try[],
  trials: readonly Trial[],
  witness: Witness,
  size: number,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const batch of inBatches(tries, size)) {
    const amiss: { readonly one: Try; readonly faults: readonly string[] }[] = [];
    const judged: Judged[] = [];
    const waiting = batch.values();
    await Promise.all(
      (batch.length === 1 ? trials.slice(0, 1) : trials).map(async (trial) => {
        for (const one of waiting) {
          const came = await trial.run(placed(one.attack, trial.door), one.piece, one.loose);
          judged.push(came);
          const faults = faultsOf(came, one);
          if (faults.length > 0) amiss.push({ one, faults });
        }
      }),
    );
    const seen = unexpected(await witness.seen(), judged);
    if (amiss.length + seen.length === 0) continue;
    for (const trial of trials) trial.close();
    if (seen.length > 0) await witness.restore();
    const [first] = batch;
    if (batch.length === 1 && first) {
      findings.push({ attack: first.attack, faults: [...amiss.flatMap(({ faults }) => faults), ...seen] });
      continue;
    }
    // What the server saw may be anybody's doing; a wrong answer alone is that of whoever got it.
    const again = seen.length > 0 ? batch : amiss.map(({ one }) => one);
    const alone = await playRound(again, trials, witness, Math.max(1, Math.floor(size / 8)));
    findings.push(...alone);
    for (const { one, faults } of amiss) {
      // An answer that is another the second time is no finding: the catalogue could not be asked, say.
      if (!alone.some(({ attack }) => attack === one.attack))
        console.log(`only once: ${one.attack.family}: ${one.attack.tries}: ${faults.join("; ")}`);
    }
    if (alone.length === 0 && seen.length > 0 && first)
      findings.push({
        attack: first.attack,
        faults: seen.map((what) => `it or ${batch.length - 1} beside it: ${what}`),
      });
  }
  return findings;
}

/** What writes stands alone, so that nothing else is taken for its doing. */
function inBatches(tries: readonly Try[], size: number): Try[][] {
  const batches: Try[][] = [];
  for (const one of tries) {
    const last = batches.at(-1);
    const joins = last !== undefined && last.length < size && !one.attack.writes && !last[0]?.attack.writes;
    if (joins) last.push(one);
    else batches.push([one]);
  }
  return batches;
}

/** What is wrong with it by its own answer. */
export function faultsOf(came: Judged, { loose, also }: Try): string[] {
  const { attack, verdict, played } = came;
  const all = [...came.faults];
  const said = came.played.refusals.map((refusal) => `${refusal.code}: ${refusal.said}`).join(", ");
  if (verdict === "lock") all.push("only the read-only lock stopped it");
  if (loose) return all;
  const wanted = attack.expect === "allowed" ? "allowed" : "refused";
  if (verdict !== wanted) all.push(`${attack.expect} expected, ${verdict}${said && ` (${said})`}`);
  if (attack.expect === "unknown" && verdict === "refused" && !/\bunknown\b/.test(said))
    all.push(`unknown expected, refused (${said})`);
  const cells = played.rows.flat().map(String);
  if (verdict === "allowed" && attack.shows !== undefined && !cells.includes(attack.shows))
    all.push(`"${attack.shows}" expected, not ${JSON.stringify(cells).slice(0, 200)} ${played.errors}`);
  return [...all, ...(also?.(came) ?? [])];
}

/** Of the databases, a case that writes may change. */
const sequences = /^\w+ sequences$/;

/** What the server saw of these cases and should not have. */
function unexpected(seen: Seen, judged: readonly Judged[]): string[] {
  const writes = judged.flatMap(({ attack }) => attack.writes ?? []);
  const changes = seen.changes.filter((change) => !writes.some((table) => change.startsWith(`${table} `)));
  const differs = seen.differs.filter((what) => writes.length === 0 || !sequences.test(what));
  const all = judged.flatMap(({ played, twin }) => (twin ? [played, twin] : [played]));
  const passed = new Set(all.flatMap((played) => played.passed));
  const refused = all.flatMap(({ refusals }) => refusals.flatMap(({ texts }) => texts));
  const ran = new Set(seen.ran);
  return [
    ...[...new Set(changes)].map((change) => `logical decoding: ${change}`),
    ...differs.map((what) => `changed: ${what}`),
    ...refused
      .filter((text) => ran.has(text) && !passed.has(text))
      .map((text) => `refused, and ran: ${text}`),
  ];
}

/** Whether two answers' last results are the same. What is masked or clear in one may be withheld, or NULL, in the other. */
export function sameRows({ played, attack }: Judged, original: Judged): boolean {
  const masked = attack.under.startsWith("mask");
  const same = (one: Buffer | undefined, other: Buffer | undefined) =>
    one?.toString("latin1") === other?.toString("latin1") ||
    (masked && (isWithheld(one) || isWithheld(other)));
  return (
    played.rows.length === original.played.rows.length &&
    played.rows.every((row, at) => {
      const before = original.played.rows[at] ?? [];
      return row.length === before.length && row.every((cell, column) => same(cell, before[column]));
    })
  );
}

function isWithheld(cell: Buffer | undefined): boolean {
  return cell === undefined || cell.toString() === "[withheld]";
}

/** What the gateway said when it refused. */
export function refusalOf({ played }: Judged): string {
  return played.refusals.map(({ said }) => said).join(", ");
}
