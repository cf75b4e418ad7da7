import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Secret } from "../../core/plugin.ts";
import { errorCode, largest, secretValue, unavailable } from "./value.ts";

/**
 * A credential in a file, read anew for each session, so that what rotates it need not tell the gateway.
 *
 *     credential: file("/run/secrets/orders")
 *
 * Reading throws PosternError `secret.unavailable`.
 */
export function file(path: string): Secret {
  const label = `file ${path}`;
  const hint = `Put the credential into ${path}, readable by the user the gateway runs as.`;
  return {
    label,
    async read() {
      let handle: FileHandle;
      try {
        // Non-blocking: a named pipe without a writer would hold the session for ever.
        handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      } catch (error) {
        throw unavailable(`${label} cannot be opened (${errorCode(error)}).`, hint);
      }
      try {
        return secretValue(label, await text(handle, label, hint), hint);
      } finally {
        await handle.close();
      }
    },
  };
}

async function text(handle: FileHandle, label: string, hint: string): Promise<string> {
  if (!(await handle.stat()).isFile()) throw unavailable(`${label} is no regular file.`, hint);
  const buffer = Buffer.alloc(largest + 2);
  let length = 0;
  for (let read = -1; read !== 0 && length < buffer.length; length += read) {
    read = (await handle.read(buffer, length, buffer.length - length)).bytesRead;
  }
  if (length === buffer.length) throw unavailable(`${label} is longer than ${largest} bytes.`, hint);
  return buffer.toString("utf8", 0, length);
}
