import { generateKeyPairSync, randomUUID } from "node:crypto";
import { chmod, link, mkdir, open, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { PosternError } from "../error.ts";

/**
 * A provider's own Ed25519 signing key, PKCS #8 PEM, made by whichever process opens the folder first.
 * A new key is written whole to a file of its own and then linked to the name: one process wins, the
 * others read what it wrote, and none ever sees half a key. Throws PosternError `identity.key-exposed`.
 */
export async function signingKey(folder: string, fileName: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const path = join(folder, fileName);
  const there = await existing(path);
  if (there !== undefined) return there;
  const draft = `${path}.${randomUUID()}`;
  const { privateKey } = generateKeyPairSync("ed25519");
  await writeDurably(draft, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  try {
    await link(draft, path);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  } finally {
    await unlink(draft);
  }
  return readFile(path, "utf8");
}

async function existing(path: string): Promise<string | undefined> {
  const file = await open(path, "r").catch((error: unknown) => {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new PosternError(
        "identity.key-exposed",
        `Others on this machine can read the signing key ${path}.`,
        {
          hint: `Run "chmod 600 ${path}", or delete it if somebody may have copied it: all its tokens end then.`,
        },
      );
    }
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
