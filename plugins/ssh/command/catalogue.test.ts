import { expect, test } from "bun:test";
import { namesIn, runners } from "./catalogue.ts";
import { classifyCommand } from "./index.ts";
import { namesOf } from "./name.ts";
import { buildTools } from "./tools/build.ts";
import { dataTools } from "./tools/data.ts";
import { networkTools } from "./tools/network.ts";
import { systemTools } from "./tools/system.ts";

const isUnknown = (text: string) => classifyCommand(text).some(({ effect }) => effect === "unknown");

test("the catalogue's lists are in order, and no program stands in two of them", () => {
  const lists = runners.flatMap((table) => Object.values(table).map(namesIn));
  for (const list of lists) expect(list).toEqual([...list].sort());
  const tables = [buildTools, dataTools, networkTools, systemTools].flatMap((table) => Object.keys(table));
  const names = [...lists, ...tables.map(namesIn)].flat();
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(names.length).toBeGreaterThan(1_000);
});

test.each([
  ["python3.13", "python"],
  ["python3.13t", "python"],
  ["python3-dbg", "python"],
  ["perl5.36-x86_64-linux-gnu", "perl"],
  ["node20", "node"],
  ["php8.2-cgi", "php"],
  ["g++-12", "g++"],
  ["x86_64-linux-gnu-g++-12", "g++"],
  ["busybox.static", "busybox"],
  ["bash-static", "bash"],
  ["sh.distrib", "sh"],
  ["gxargs", "xargs"],
  ["ld-linux-x86-64.so.2", "ld.so"],
  ["ld-2.31.so", "ld.so"],
])("%s is %s", (file, name) => {
  expect(namesOf(file)).toContain(name);
});

test.each([
  "base64 /x",
  "bzip2 -k /x",
  "mkfs.ext4 -n /dev/x",
  "sha256sum /x",
  "ps aux",
  "ss -tlnp",
  "lsof -i4",
  "grep -e x /y",
  "jq .a /x",
  "gzip -9 /x",
  "getent passwd",
  "ip -br addr",
  "bc -l",
  "python3.13 /opt/report.py -c x",
  "julia /opt/report.jl -e x",
  "pg_dump -Fc -h /run/postgresql -U app app",
  "pg_dump --schema-only --dbname=app",
  "mysqldump --single-transaction -h db.internal app orders",
])("%s: nothing of it is unknown", (command) => {
  expect(isUnknown(command)).toBe(false);
});
