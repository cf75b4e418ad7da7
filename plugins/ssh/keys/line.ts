import { PosternError } from "../../../core/plugin.ts";
import { Malformed } from "./fields.ts";
import { readPublicKey } from "./public-key.ts";

/** The wire form of a public key as files hold it: `ssh-ed25519 AAAA… comment`. Throws PosternError `ssh.public-key`. */
export function keyInLine(line: string, where: string): Buffer {
  const [type = "", base64 = ""] = line.trim().split(/\s+/);
  const blob = Buffer.from(base64, "base64");
  try {
    if (type === "") throw new Malformed("it is empty");
    if (base64 === "") throw new Malformed("a type and a key are two words, and it has one");
    if (readPublicKey(blob).type !== type) throw new Malformed("it is of another type than it says");
    return blob;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new PosternError(
      "ssh.public-key",
      `${where} has no public key that can be used: ${error.message}.`,
      {
        hint: 'Write the line that a .pub file holds: "ssh-ed25519 AAAA…"; RSA from 2048 bits, no DSA, no options before it.',
      },
    );
  }
}
