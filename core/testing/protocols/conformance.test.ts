import { protocolConformance } from "../conformance/protocol/index.ts";
import { documents } from "./documents.ts";
import { lineBackend } from "./line-backend.ts";
import { LineClient } from "./line-client.ts";
import { lines } from "./lines.ts";
import { rows } from "./rows.ts";
import { RowsClient, rowsBackend } from "./rows-client.ts";

let service: ReturnType<typeof lineBackend>;
let frames: ReturnType<typeof rowsBackend>;

protocolConformance({
  async start() {
    service = lineBackend((line) => `${line.toUpperCase()}\n.\n`);
    return service;
  },
  resource: lines,
  async connect(to) {
    const last = (line: string) => line === "." || /^(error|goodbye) /.test(line);
    const client = await LineClient.open(to, last);
    return Object.assign(client, { cancel: () => void client.wire.write(Buffer.from("cancel\n")) });
  },
  read: { text: "read shelf", effect: "read", shows: "READ SHELF" },
  write: { text: "define shelf", effect: "define" },
  nonsense: "open sesame",
});

protocolConformance({
  start: async () => lineBackend((line) => `${JSON.stringify({ found: `it: ${JSON.parse(line).on}` })}\n`),
  resource: documents,
  connect: (to) => LineClient.open(to, (line) => !line.startsWith('{"held"')),
  read: { text: '{"effect":"read","on":"users"}', effect: "read", shows: "it: users" },
  write: { text: '{"effect":"write","on":"users"}', effect: "write" },
  nonsense: "open sesame",
});

protocolConformance({
  async start() {
    frames = rowsBackend();
    return frames;
  },
  resource: rows,
  connect: (to) => RowsClient.open(to),
  unasked: { provoke: async () => frames.say("secret news"), shows: "secret news" },
  read: { text: "read people", effect: "read", shows: "a@b.example" },
  write: { text: "write people", effect: "write" },
  nonsense: "open sesame",
});
