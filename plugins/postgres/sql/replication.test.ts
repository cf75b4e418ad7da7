import { expect, test } from "bun:test";
import { replicationCommand, shownSetting } from "./replication.ts";

const targets = (text: string) =>
  replicationCommand(text)?.actions.map(({ effect, on }) => `${effect} ${on}`);

test.each([
  ["IDENTIFY_SYSTEM", ["system"]],
  ["\t\n TIMELINE_HISTORY 2;", ["system"]],
  ["BASE_BACKUP (LABEL 'SLOT x', PROGRESS)", ["base backup"]],
  ["UPLOAD_MANIFEST", ["base backup"]],
  ["READ_REPLICATION_SLOT a", ["slot a"]],
  ["DROP_REPLICATION_SLOT A WAIT", ["slot a"]],
  ['ALTER_REPLICATION_SLOT "a b" (FAILOVER true)', ['slot "a b"']],
  ["CREATE_REPLICATION_SLOT a PHYSICAL RESERVE_WAL", ["slot a", "wal"]],
  [
    "CREATE_REPLICATION_SLOT a TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')",
    ["slot a", "plugin pgoutput"],
  ],
  // In doubt it is the most that it could be.
  ["CREATE_REPLICATION_SLOT a logical pgoutput", ["slot a", "wal"]],
  ["CREATE_REPLICATION_SLOT", ["slot *", "wal"]],
  ["CREATE_REPLICATION_SLOT 'a' LOGICAL 'x'", ["slot *", "plugin *"]],
  ["START_REPLICATION 0/16B", ["wal"]],
  ["START_REPLICATION PHYSICAL 0/0 TIMELINE 1", ["wal"]],
  ["START_REPLICATION SLOT a PHYSICAL 0/0", ["slot a", "wal"]],
  ["START_REPLICATION SLOT a logical 0/0", ["slot a", "wal"]],
  ["START_REPLICATION SLOT a LOGICAL 0/0", ["slot a"]],
  [
    `START_REPLICATION SLOT a LOGICAL 0/0 (publication_names 'p, "Q""q" ,R')`,
    ["slot a", "publication p", 'publication "Q""q"', "publication r"],
  ],
  [
    `START_REPLICATION SLOT a LOGICAL 0/0 (x 'publication_names', "publication_names" 'p', Publication_Names 'q')`,
    ["slot a", "publication p", "publication q"],
  ],
  [
    `START_REPLICATION SLOT ${"a".repeat(64)} LOGICAL 0/0 (publication_names 'p\u00a0,É, ${"b".repeat(64)}')`,
    ["slot *", 'publication "p\u00a0"', "publication É", "publication *"],
  ],
  ["START_REPLICATION SLOT a LOGICAL 0/0 (publication_names)", ["slot a", "publication *"]],
  ["START_REPLICATION SLOT a LOGICAL 0/0 (publication_names 'p,,q')", ["slot a", "publication *"]],
  [
    "START_REPLICATION SLOT a LOGICAL 0/0 (publication_names 'it''s, p')",
    ["slot a", `publication "it's"`, "publication p"],
  ],
] as const)("%s", (text, expected) => {
  expect(targets(text)).toEqual(expected.map((on) => `replicate ${on}`));
});

test("a base backup that the server writes somewhere itself is execute as well", () => {
  const text = (options: string) => `BASE_BACKUP (${options})`;
  for (const options of [
    "target 'server', TARGET_DETAIL '/tmp/x'",
    "\"target\" 'shell'",
    "TARGET",
    "TARGET server",
  ])
    expect(targets(text(options))).toEqual(["replicate base backup", "execute copy file"]);
  for (const options of ["TARGET 'client'", "LABEL 'TARGET server'", "TARGET 'blackhole'"])
    expect(targets(text(options))).toEqual(["replicate base backup"]);
});

test.each([
  "START_REPLICATIONS",
  "base_backup",
  "-- \nBASE_BACKUP",
  ";BASE_BACKUP",
  "BASE_BACKUPé",
  "SHOW x",
  "",
  "\vBASE_BACKUP",
])("%s is none", (text) => expect(replicationCommand(text)).toBeUndefined());

test("data flows both ways only behind START_REPLICATION, and in behind UPLOAD_MANIFEST", () => {
  expect(replicationCommand("START_REPLICATION 0/0")?.detail.copyBoth).toBe(true);
  expect(replicationCommand("UPLOAD_MANIFEST")?.detail.copyIn).toBe(true);
  expect(replicationCommand("BASE_BACKUP")?.detail).not.toHaveProperty("copyBoth");
});

test("SHOW of a connection that takes no SQL", () => {
  expect(
    ["SHOW wal_level", ' SHOW "Wal_Level"', "SHOW a.b", "SHOW x; y", "show x", "SHOWx"].map(shownSetting),
  ).toEqual(["setting wal_level", "setting wal_level", "setting *", "setting *", undefined, undefined]);
});
