import { expect, test } from "bun:test";
import { PassThrough } from "node:stream";
import { mutated, Random, seeds } from "../../../test/fuzz.ts";
import { Malformed } from "../keys/fields.ts";
import { string, uint32 } from "../message.ts";
import { Framer } from "./framer.ts";
import { bodyAt, encode, encodeStatus, type Message, types } from "./message.ts";
import { relaySftp } from "./relay.ts";
import { Rules } from "./testing/rules.ts";

const first = Buffer.concat([uint32(5), Buffer.from([types.init]), uint32(3)]);
const paths: readonly [string, ...string[]] = ["/open/a", "/shut/b", "../c", "", "~", "/open/link"];
const extensions: readonly [string, ...string[]] = [
  "posix-rename@openssh.com",
  "copy-data",
  "expand-path@openssh.com",
  "limits@openssh.com",
  "x@y",
];

/** A request of any kind, sound more often than not. */
function request(random: Random, id: number): Buffer {
  const type = random.of([200, 99, ...Array.from({ length: 18 }, (_, at) => at + 3)]);
  const fields = Array.from({ length: 1 + random.upTo(3) }, () =>
    random.chance(70) ? string(random.of(paths)) : uint32(random.upTo(70)),
  );
  const name = type === 200 ? [string(random.of(extensions))] : [];
  return encode(type, id, ...name, ...fields, random.chance(50) ? uint32(0) : Buffer.alloc(0));
}

interface Told {
  readonly seen: Message[];
  readonly failure: unknown;
}

/** The relay between these bytes and a host that answers each message by `answer`. */
async function told(
  rules: Rules,
  pieces: readonly Uint8Array[],
  answer: (message: Message) => Uint8Array,
): Promise<Told> {
  const [caller, host] = [new PassThrough(), new PassThrough()];
  const framer = new Framer();
  const seen: Message[] = [];
  const ended = Promise.withResolvers<void>();
  const over = relaySftp({
    gate: rules.gate,
    caller,
    host,
    toCaller: () => undefined,
    toHost(bytes) {
      framer.take(Buffer.from(bytes));
      for (let next = framer.next(); next; next = framer.next()) {
        seen.push(next);
        host.write(answer(next));
      }
      return undefined;
    },
    endHost: () => ended.resolve(host.end() as unknown as undefined),
    refused: () => {},
    held: () => {},
    note: () => {},
  });
  for (const piece of pieces) caller.write(piece);
  caller.end();
  const failure = await over.then(
    () => undefined,
    (error: unknown) => error,
  );
  return { seen, failure };
}

function sound(message: Message): Uint8Array {
  if (message.type === types.init) return Buffer.concat([uint32(5), Buffer.from([types.version]), uint32(3)]);
  if (message.type !== types.realpath) return encodeStatus(message.id, 0, "");
  return encode(types.name, message.id, uint32(1), string("/home/alice"), string(""), uint32(0));
}

test("whatever a caller without rights sends, the host is only asked where paths lead", async () => {
  for (const seed of seeds(150)) {
    const random = new Random(seed);
    const bytes = Buffer.concat(Array.from({ length: 12 }, (_, id) => request(random, id)));
    const sent = random.chance(50) ? bytes : mutated(random, bytes);
    const pieces: Uint8Array[] = [first];
    for (let at = 0; at < sent.length; ) {
      const size = 1 + random.upTo(60);
      pieces.push(sent.subarray(at, at + size));
      at += size;
    }
    const { seen, failure } = await told(new Rules({}), pieces, sound);
    if (failure !== undefined) expect(failure).toBeInstanceOf(Malformed);
    const free = ({ type, bytes }: Message) =>
      type === types.init || type === types.realpath || isFree(bytes);
    expect(seen.filter((message) => !free(message)).map(({ bytes }) => bytes.toString("latin1"))).toEqual([]);
  }
});

test("whatever a host answers, the conversation goes on or ends as no SFTP", async () => {
  const all = { read: ["*"], write: ["*"], delete: ["*"] };
  for (const seed of seeds(150)) {
    const random = new Random(seed);
    const bytes = Array.from({ length: 12 }, (_, id) => request(random, id));
    const answer = (message: Message) => {
      const good = random.chance(60) || message.type === types.init ? sound(message) : other(message);
      return random.chance(90) ? good : mutated(random, Buffer.from(good));
    };
    const other = ({ id }: Message) =>
      encode(random.of([101, 102, 103, 104, 105, 201]), id, random.bytes(random.upTo(40)));
    const rules = new Rules(all);
    rules.answer = { stream: (chunk) => chunk, text: (_kind, text) => text };
    const { failure } = await Promise.race([
      told(rules, [first, ...bytes], answer),
      // A host that has not answered in full and says nothing more is waited for.
      quiet(),
    ]);
    if (failure !== undefined) expect(failure).toBeInstanceOf(Malformed);
  }
});

/** Limits, and the way to the caller's own home. */
function isFree(bytes: Buffer): boolean {
  const asked = bytes.subarray(bodyAt);
  const home = Buffer.concat([string("expand-path@openssh.com"), string("~")]);
  return (
    asked.subarray(0, 22).equals(string("limits@openssh.com")) || asked.subarray(0, home.length).equals(home)
  );
}

async function quiet(): Promise<Told> {
  for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
  return { seen: [], failure: undefined };
}
