import { expect, test } from "bun:test";
import type { Secret } from "../../core/plugin.ts";
import { Random, seeds } from "../../test/fuzz.ts";
import { type Detector, detectors } from "./detect/scanner.ts";
import { hash, Keys, redacted, substituteOf } from "./strategy.ts";

const key = "a key of enough length";
const secret: Secret = { label: "key", read: async () => key };
const hashed = hash(secret, { length: 20 });
const keys = new Keys([hashed]);
await keys.load();

/** What is kept of a value, by its text. */
function partial(value: string, kind: Detector | undefined): string {
  const mail = /^(.).*@(.)[^@]*?(\.[^.@]*)$/su.exec(value);
  if (mail !== null) return `${mail[1]}***@${mail[2]}***${mail[3]}`;
  if (kind === "jwt") return "eyJ***";
  if (kind === "cloudkey") return `${value.slice(0, 4)}***`;
  if (kind === "ip")
    return `${/^[0-9a-fA-F]+/.exec(value)?.[0] ?? ""}${value.includes(":") ? ":***" : ".*.*.*"}`;
  const keep = kind === "phone" ? 2 : 4;
  let hidden = (value.match(/[\p{L}\p{N}]/gu)?.length ?? 0) - keep;
  if (hidden > keep && /\d/.test(value))
    return value.replace(/[\p{L}\p{N}]/gu, (character) => (hidden-- > 0 ? "*" : character));
  return hidden + keep > 3 ? `${/./su.exec(value)?.[0] ?? ""}***` : redacted;
}

function pseudonym(value: string): string {
  return new Bun.CryptoHasher("sha256", key).update(value).digest("hex").slice(0, 20);
}

const pieces = [
  "a",
  "b",
  "Z",
  "é",
  "ß",
  "名",
  "𝒳",
  "🙂",
  "٣",
  "½",
  "\u0301",
  " ",
  "-",
  "(",
  "\n",
  ":",
  "_",
] as const;

function valueFrom(random: Random): Buffer {
  const text = Array.from({ length: random.upTo(24) }, () => {
    const kind = random.upTo(10);
    if (kind < 3) return random.of(["@", ".", "@", ".", "@@", "@."]);
    return kind < 6 ? `${random.upTo(10)}` : random.of(pieces);
  }).join("");
  const bytes = Buffer.from(text);
  // Cut in the middle of a character, or none at all.
  if (random.chance(10) && bytes.length > 0) bytes[random.upTo(bytes.length)] = random.upTo(256);
  return bytes;
}

test("a value is shown by its bytes as by its text, whatever is around it", () => {
  const instead = { partial: substituteOf("partial", keys), hash: substituteOf(hashed, keys) };
  for (const seed of seeds(6000)) {
    const random = new Random(seed);
    const value = valueFrom(random);
    const text = value.toString("utf8");
    const found = random.chance(50) ? undefined : random.of(detectors);
    // A key begins with letters that all have.
    const kind = found === "cloudkey" && !/^[ -~]{4}/.test(text) ? undefined : found;
    const around = Buffer.from(random.of(["", "@", "a.b", "7", "é"]));
    const view = Buffer.concat([around, value, around]);
    const [start, end] = [around.length, around.length + value.length];
    for (const [name, by] of [
      ["partial", partial(text, kind)],
      ["hash", pseudonym(text)],
    ] as const) {
      const shown = instead[name].ofBytes(view, start, end, kind);
      const said = { seed, name, text: shown && Buffer.from(shown).toString("utf8") };
      expect(said).toEqual({ seed, name, text: by });
      expect(instead[name](text, kind)).toBe(by);
    }
  }
});

test("a pseudonym is redacted as long as its key is not there", () => {
  const instead = substituteOf(hashed, new Keys([hashed]));
  expect(instead("alice", undefined)).toBe(redacted);
});
