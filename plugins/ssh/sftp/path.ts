/**
 * A path as a text that stands for these bytes and no others; undefined: it has no such text (no UTF-8), or a NUL
 * would end it before its end.
 */
export function pathText(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return Buffer.from(text).equals(bytes) && !text.includes("\0") ? text : undefined;
}

/** Without `.`, `..` and doubled slashes, as if there were no symbolic links. `from` is absolute. */
export function canonical(path: string, from: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${from}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** The folder and the name in it; undefined: the path ends in what is no name (`/`, `..`). */
export function split(path: string): { readonly folder: string; readonly name: string } | undefined {
  const bare = path.replace(/\/+$/, "");
  const at = bare.lastIndexOf("/");
  const name = bare.slice(at + 1);
  if (name === "" || name === "." || name === "..") return undefined;
  return { folder: at < 0 ? "." : bare.slice(0, at) || "/", name };
}

export function joined(folder: string, name: string): string {
  return folder === "/" ? `/${name}` : `${folder}/${name}`;
}

/** As a trail or an approver reads it: in quotes where a blank or anything odd is in it. */
export function shown(path: string): string {
  return /^[\w/.,:@%+=~-]+$/.test(path) ? path : JSON.stringify(path);
}
