// Bun's JUnit report, as far as counting goes.

/** { passed, failed, skipped: [name], todo: [name] } of a whole report; all zero for no report. */
export function readJunit(xml) {
  const result = { passed: 0, failed: 0, skipped: [], todo: [] };
  for (const [, attributes, body] of xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const attribute = (key) => plain(new RegExp(`(?:^| )${key}="([^"]*)"`).exec(attributes)?.[1] ?? "");
    const name = `${attribute("file")}: ${attribute("name")}`;
    if (body?.includes("<failure") || body?.includes("<error")) result.failed += 1;
    else if (body?.includes('<skipped message="TODO"')) result.todo.push(name);
    else if (body?.includes("<skipped")) result.skipped.push(name);
    else result.passed += 1;
  }
  return result;
}

const entities = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function plain(text) {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity) => entities[entity]);
}
