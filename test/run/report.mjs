// What a person, or a machine that reads the last line, gets to see.

/** Lines that are shown of one failed test, of which a third are the first ones; and of one group. */
const mostOfTest = 60;
const mostOfGroup = 200;

export function report({ name, passed, failed, failures, skipped, todo, seconds, output }) {
  const notes = [
    `${passed} passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
    ...(todo.length > 0 ? [`${todo.length} to do`] : []),
  ];
  console.log(`${failed > 0 ? "FAIL" : "ok  "} ${name} (${notes.join(", ")}; ${seconds.toFixed(1)} s)`);
  if (failed > 0) console.log(indent(shown(failures).join("\n")));
  else for (const [figure] of output.matchAll(/^(?:measured: |ok {5}).*/gm)) console.log(`     ${figure}`);
}

function shown(failures) {
  const lines = [];
  for (const [at, { name, said }] of failures.entries()) {
    const left = mostOfGroup - lines.length;
    if (left < 10)
      return [...lines, `… and ${failures.length - at} more failed; their names are at the end.`];
    lines.push(...cut(said, Math.min(mostOfTest, left)), `(fail) ${name}`);
  }
  return lines;
}

/** An error stands last, behind what the test printed; a long one begins with what it is. */
function cut(lines, most) {
  if (lines.length <= most) return lines;
  const head = Math.floor(most / 3);
  const tail = most - head;
  const between = lines.length - head - tail;
  return [...lines.slice(0, head), `… ${between} lines …`, ...lines.slice(-tail)];
}

/** The last line, and whether the run is good. `flaky`: names of tests that passed at their second try only. */
export function summary(results, flaky, noSkips) {
  const sum = (pick) => results.reduce((total, result) => total + pick(result), 0);
  const skipped = results.flatMap((result) => result.skipped);
  const passed = sum((result) => result.passed);
  // `kernel:` marks what no package can mend: a container without mounts, an old kernel.
  const avoidable = noSkips ? skipped.filter((name) => !name.includes("kernel:")) : [];
  for (const name of skipped) console.log(`skipped: ${name}`);
  for (const name of results.flatMap((result) => result.todo)) console.log(`to do: ${name}`);
  for (const name of avoidable) console.log(`FAIL skipped, and not for lack of a kernel capability: ${name}`);
  const failed = sum((result) => result.failed) + avoidable.length;
  if (passed === 0) console.log("FAIL nothing ran");
  for (const name of flaky) console.log(`flaky: ${name}`);
  for (const { name } of results.flatMap((result) => result.failures)) console.log(`failed: ${name}`);
  const skips = skipped.length - avoidable.length;
  return {
    line: `${passed} passed, ${failed} failed${skips > 0 ? `, ${skips} skipped` : ""}`,
    ok: failed === 0 && passed > 0,
  };
}

function indent(text) {
  return text.replace(/^/gm, "     ");
}
