// What a person, or a machine that reads the last line, gets to see.

export function report({ name, passed, failed, skipped, todo, seconds, output }) {
  const notes = [
    `${passed} passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
    ...(todo.length > 0 ? [`${todo.length} to do`] : []),
  ];
  console.log(`${failed > 0 ? "FAIL" : "ok  "} ${name} (${notes.join(", ")}; ${seconds.toFixed(1)} s)`);
  if (failed > 0) console.log(indent(output.trim()));
  else for (const [figure] of output.matchAll(/^measured: .*/gm)) console.log(`     ${figure}`);
}

/** The last line, and whether the run is good. */
export function summary(results, noSkips) {
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
  const skips = skipped.length - avoidable.length;
  return {
    line: `${passed} passed, ${failed} failed${skips > 0 ? `, ${skips} skipped` : ""}`,
    ok: failed === 0 && passed > 0,
  };
}

function indent(text) {
  return text.replace(/^/gm, "     ");
}
