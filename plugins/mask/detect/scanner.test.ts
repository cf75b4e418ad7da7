import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Random, sampled, seeds } from "../../../test/fuzz.ts";
import { type Detector, detectors, Scanner } from "./scanner.ts";

const all = new Scanner(detectors);

/** `kind value` of every match. */
function found(text: string, scanner = all): string[] {
  const bytes = Buffer.from(text);
  const matches: string[] = [];
  for (let from = 0; scanner.next(bytes, from, bytes.length); from = scanner.end) {
    matches.push(`${scanner.kind} ${bytes.toString("utf8", scanner.start, scanner.end)}`);
  }
  return matches;
}

const values: Record<Detector, readonly string[]> = {
  email: [
    "alice@example.com",
    "a.b+c@sub.example.co.uk",
    "müller@beispiel.de",
    "x_1%y@xn--bcher-kva.example",
  ],
  card: [
    "4111111111111111",
    "4111 1111 1111 1111",
    "5500-0000-0000-0004",
    "378282246310005",
    "3782 822463 10005",
    "6011111111111117",
    "2221000000000009",
    "4222222222222",
  ],
  iban: [
    "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "GB29 NWBK 6016 1331 9268 19",
    "NO9386011117947",
  ],
  phone: [
    "+491701234567",
    "+49 170 1234567",
    "+1 (212) 555-0123",
    "(212) 555-0123",
    "212-555-0123",
    "1 212.555.0123",
  ],
  ssn: ["078-05-1120", "219 09 9999"],
  ip: ["10.1.2.3", "255.255.255.255", "2001:db8::8a2e:370:7334", "fe80::1:2", "1:2:3:4:5:6:7:8"],
  jwt: [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y3Q.dGFn",
  ],
  cloudkey: [
    "AKIAIOSFODNN7EXAMPLE",
    `ghp_${"a1".repeat(18)}`,
    `github_pat_${"x".repeat(30)}`,
    `AIza${"b".repeat(35)}`,
    "xoxb-123456789012-abcdef",
    `sk_live_${"9".repeat(24)}`,
    `sk-ant-${"z".repeat(40)}`,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIB+/=\n-----END RSA PRIVATE KEY-----",
  ],
};

describe("finds", () => {
  for (const [kind, each] of Object.entries(values)) {
    for (const value of each) {
      test(`${kind} ${value}`, () => {
        for (const text of [
          value,
          `a ${value} b`,
          `"${value}",`,
          `(${value})`,
          `x=${value};\n`,
          `<${value}>`,
        ]) {
          expect(found(text).filter((match) => match.startsWith(`${kind} `))).toHaveLength(1);
        }
        expect(found(value)).toEqual([`${kind} ${value}`]);
        expect(found(value, new Scanner([kind as Detector]))).toEqual([`${kind} ${value}`]);
      });
    }
  }
  test("several in one text, in order", () => {
    expect(found("alice@example.com, 10.0.0.1 and bob@example.com")).toEqual([
      "email alice@example.com",
      "ip 10.0.0.1",
      "email bob@example.com",
    ]);
    expect(found("12 4111 1111 1111 1111 12/30")).toEqual(["card 4111 1111 1111 1111"]);
  });
});

describe("does not take for a value", () => {
  for (const text of [
    "@alice",
    "alice@",
    "a@b",
    "user@localhost",
    "4111111111111112",
    "1234567890123456",
    "0.4111111111111111",
    "94111111111111111119",
    "9b74c9897bac770ffc029102a200c5de4111111111111111ab",
    "DE89370400440532013001",
    "XX89370400440532013000",
    "DE8937040044",
    "2024-01-02 12:34:56.789+02:00",
    "12:34:56",
    "00:1b:44:11:3a:b7",
    "std::vector::iterator",
    "a::int::text",
    "::1",
    "256.1.1.1",
    "1.2.3",
    "1.2.3.4.5",
    "000-12-3456",
    "666-12-3456",
    "912-12-3456",
    "078-00-1120",
    "1078-05-11200",
    "123-456-7890",
    "1+12345678",
    "+1234567",
    "eyJhbGciOi",
    "AKIAIOSFODNN7",
    "task-force-of-the-north-and-the-south",
    "550e8400-e29b-41d4-a716-446655440000",
    "order 4711 of 2024-05-01, total 1 234 567.50",
  ]) {
    test(text, () => expect(found(text)).toEqual([]));
  }
});

test("any bytes: a match is inside, goes forward, and the scan ends", () => {
  const alphabet = fc.constantFrom(..."@.:-_+ ()0123456789abAJKeyDE".split(""), "é", "\0");
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 80 }), (characters) => {
      const bytes = Buffer.from(characters.join(""));
      for (let from = 0; all.next(bytes, from, bytes.length); from = all.end) {
        expect(all.start).toBeGreaterThanOrEqual(from);
        expect(all.end).toBeGreaterThan(all.start);
        expect(all.end).toBeLessThanOrEqual(bytes.length);
      }
    }),
    sampled(2000),
  );
});

test("what is passed over holds nothing: where each number is looked at, as for an IBAN, the same is found", () => {
  const pieces: readonly [string, ...string[]] = [
    "4111 1111 1111 1112 ".repeat(20),
    ...Object.values(values).flat(),
    ..."0123456789 .-".repeat(2),
    ..."@:_+()aAJKey\t\n,;\u00e9",
    "2026-11-22 10:00:00+00",
    "0f343b0931126a20f133d67c2b018a3b",
    "----------",
    "word and other ",
    "1 1 1 1 1 1 1 1 1 1 1 1 1",
  ];
  for (const seed of seeds(4000)) {
    const random = new Random(seed);
    const text = Array.from({ length: random.upTo(random.chance(20) ? 120 : 20) }, () => {
      const piece = random.of(pieces);
      return random.chance(30) ? piece.slice(random.upTo(5), piece.length - random.upTo(5)) : piece;
    }).join("");
    const kinds = detectors.filter((kind) => kind !== "iban" && random.chance(50));
    const closely = found(text, new Scanner([...kinds, "iban"]));
    if (closely.some((match) => match.startsWith("iban "))) continue;
    expect({ seed, kinds, found: found(text, new Scanner(kinds)) }).toEqual({ seed, kinds, found: closely });
  }
});

test("many numbers in a row cost no more than each of them", () => {
  const rows = 30_000;
  expect(found("4111 1111 1111 1111 ".repeat(rows), new Scanner(["email", "card"]))).toHaveLength(rows);
  expect(found("- ".repeat(rows * 10), new Scanner(["card", "cloudkey"]))).toEqual([]);
});

test("only a part of a larger buffer is looked at", () => {
  const bytes = Buffer.from("alice@example.com");
  expect(all.next(bytes, 0, 10)).toBe(false);
  expect(all.next(bytes, 6, bytes.length)).toBe(false);
});

test("what stands around a piece of text changes nothing that is found in it", () => {
  const samples = [
    "jane.doe@example.org",
    "4111 1111 1111 1111",
    "GB82 WEST 1234 5698 7654 32",
    "(212) 555-0123",
    "+41 44 668 18 00",
    "078-05-1120",
    "10.0.0.1.",
    "fe80::1",
    "a@b.",
    "4111-1111-1111-111",
    "212-555-012",
  ];
  const scanner = new Scanner([...detectors]);
  const foundIn = (bytes: Buffer, from: number, end: number) => {
    const found: string[] = [];
    for (let at = from; scanner.next(bytes, at, end); at = scanner.end) {
      found.push(`${scanner.kind} ${scanner.start - from} ${scanner.end - from}`);
    }
    return found;
  };
  for (const sample of samples) {
    const text = Buffer.from(sample);
    const alone = foundIn(text, 0, text.length);
    for (const around of ["1", "4111", "a.bc", "@", ":1", ".5", "\0"]) {
      const beside = Buffer.from(around);
      const view = Buffer.concat([beside, text, beside]);
      expect([sample, around, foundIn(view, beside.length, beside.length + text.length)]).toEqual([
        sample,
        around,
        alone,
      ]);
    }
  }
});
