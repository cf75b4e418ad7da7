// What the output of `bun test` says of the tests that failed, without all that passed.

/**
 * Each failure: { name: "file: test", said: [line] }, what stands before its `(fail)` line. What threw outside of tests
 * is one as well. `rest`: lines after the last result, such as those of a process that died in a test.
 */
export function failuresIn(output) {
  const failures = [];
  let file = "";
  let said = [];
  let rule = 0;
  for (const line of withoutSummary(output.split("\n"))) {
    const [, result, test] = /^\((pass|fail|skip|todo)\) (.*?)(?: \[[\d.]+ms\])?$/.exec(line) ?? [];
    const header = /^(\S+\.test\.ts):$/.exec(line)?.[1];
    if (result === "fail") failures.push({ name: `${file}: ${test}`, said });
    if (header !== undefined) file = header;
    if (result !== undefined || header !== undefined) said = [];
    else said.push(line);
    // "# Unhandled error between tests" stands above two rules, with the error between them.
    if (line.startsWith("# Unhandled error")) rule = 2;
    else if (rule > 0 && /^-{20,}$/.test(line)) {
      rule -= 1;
      if (rule > 0) continue;
      failures.push({ name: `${file}: outside of its tests`, said });
      said = [];
    }
  }
  return { failures, rest: said };
}

/** The names of the failures of one try that another one does not have. */
export function onlyIn(failures, others) {
  const known = new Set(others.map(({ name }) => name));
  return failures.map(({ name }) => name).filter((name) => !known.has(name));
}

/** Bun ends with its counts, and before them may name once more what failed or was skipped. */
function withoutSummary(lines) {
  const begins = [/^ +\d+ pass$/, /^\d+ tests? failed:$/, /^\d+ tests? skipped:$/, /^\d+ tests? todo:$/];
  const last = begins.map((form) => lines.findLastIndex((line) => form.test(line)));
  return lines.slice(0, Math.min(...last.filter((at) => at >= 0), lines.length));
}
