import type { Attack } from "./attack.ts";
import { type Judged, placed, type Trial } from "./trial.ts";
import type { Seen, Witness } from "./witness.ts";

/** A case that is not as it should be, and why. */
export interface Finding {
  readonly attack: Attack;
  readonly faults: readonly string[];
}

/** Of a corpus in one policy's round. */
export interface Round {
  readonly findings: readonly Finding[];
  readonly played: number;
}

/** Changes of the databases that a case may make. */
const bySequences = /^(?:shop|twin) sequences$/;

/**
 * Plays cases and compares what came of them with what policy says, and both with what the server has seen. The server
 * is asked after each batch; where it saw what it should not, each case of the batch is played again alone.
 */
export async function playRound(
  attacks: readonly Attack[],
  trial: Trial,
  witness: Witness,
  size = 100,
): Promise<Round> {
  const findings: Finding[] = [];
  const batches = inBatches(attacks, size);
  for (const batch of batches) {
    const judged: Judged[] = [];
    for (const attack of batch) {
      const one = await trial.run(placed(attack, trial.door));
      judged.push(one);
      const faults = faultsOf(one);
      // What was let through has changed the world for those that come behind it.
      if (faults.length > 0) await evidence(one, faults);
    }
    const faults = unexpected(await witness.seen(), judged);
    if (faults.length === 0) continue;
    if (judged.length === 1 && judged[0]) await evidence(judged[0], faults, false);
    else findings.push(...(await playRound(batch, trial, witness, 1)).findings);
  }
  return { findings, played: attacks.length };

  async function evidence(one: Judged, faults: readonly string[], look = true): Promise<void> {
    const seen = look ? unexpected(await witness.seen(), [one]) : [];
    findings.push({ attack: one.attack, faults: [...faults, ...seen] });
    if (look && seen.length === 0) return;
    trial.close();
    await witness.restore();
  }
}

/** What writes stands alone, so that nothing else is taken for its doing. */
function inBatches(attacks: readonly Attack[], size: number): Attack[][] {
  const batches: Attack[][] = [];
  for (const attack of attacks) {
    const last = batches.at(-1);
    const joins = last !== undefined && last.length < size && !attack.writes && !last[0]?.writes;
    if (joins) last.push(attack);
    else batches.push([attack]);
  }
  return batches;
}

/** What is wrong with it by its own answer. */
export function faultsOf({ attack, verdict, played, faults }: Judged): string[] {
  const all = [...faults];
  const wanted = attack.expect === "allowed" ? "allowed" : "refused";
  const said = played.refusals.map(({ code, said }) => `${code}: ${said}`).join(", ");
  if (verdict !== wanted) all.push(`${attack.expect} expected, ${verdict}${said && ` (${said})`}`);
  if (attack.expect === "unknown" && verdict === "refused" && !/\bunknown\b/.test(said))
    all.push(`unknown expected, refused (${said})`);
  const cells = played.rows.flat().map(String);
  if (verdict === "allowed" && attack.shows !== undefined && !cells.includes(attack.shows))
    all.push(
      `"${attack.shows}" expected in its answer, not ${JSON.stringify(cells).slice(0, 200)} ${played.errors}`,
    );
  return all;
}

/** What the server saw of these cases and should not have. */
function unexpected(seen: Seen, judged: readonly Judged[]): string[] {
  const writes = judged.flatMap(({ attack }) => attack.writes ?? []);
  const changes = seen.changes.filter((change) => !writes.some((table) => change.startsWith(`${table} `)));
  const differs = seen.differs.filter((what) => writes.length === 0 || !bySequences.test(what));
  const sent = new Set(judged.flatMap(({ played }) => played.passed));
  const refused = judged.flatMap(({ played }) => played.refusals.flatMap(({ texts }) => texts));
  const ran = new Set(seen.ran);
  return [
    ...[...new Set(changes)].map((change) => `logical decoding: ${change}`),
    ...differs.map((what) => `changed: ${what}`),
    ...refused.filter((text) => ran.has(text) && !sent.has(text)).map((text) => `refused, and ran: ${text}`),
  ];
}
