/**
 * What an error may quote: validation prints values (`Invalid value: "…"`), and a pod that may not be changed so is
 * printed whole, as Go prints structs, environment and all. `quotes`: also every quoted text, but for the names that the
 * request said itself.
 */
export function quieted(message: string, quotes: boolean, said: string): string {
  const start = message.indexOf("{");
  const without = start < 0 ? message : `${message.slice(0, start)}{****}${afterLast(message, start)}`;
  if (!quotes && !/\benv\[/.test(without)) return without;
  const shown = without.replaceAll(/"(?:[^"\\]|\\.)*"?|`[^`]*`?/g, (quoted) => {
    const inner = quoted.slice(1, -1);
    return isName(inner) && said.includes(inner) ? quoted : '"****"';
  });
  return shown.replaceAll(/((?:Invalid|Unsupported|Duplicate) value: )(?!"\*{4}")[^:]*/g, "$1****");
}

/** A name of the request's target, which its caller knows. */
const isName = (text: string): boolean => /^[a-z0-9][a-z0-9.-]*$/.test(text);

function afterLast(message: string, start: number): string {
  const end = message.lastIndexOf("}");
  return end < start ? "" : message.slice(end + 1);
}

/** A Status (meta/v1) that says why not; the same object where it quotes nothing. */
export function quietStatus(value: unknown, quotes: boolean, said: string): unknown {
  if (typeof value !== "object" || value === null || (value as { kind?: unknown }).kind !== "Status")
    return value;
  if ((value as { status?: unknown }).status !== "Failure") return value;
  return quiet(value, quotes, said);
}

function quiet(value: unknown, quotes: boolean, said: string): unknown {
  if (Array.isArray(value)) return value.map((item) => quiet(item, quotes, said));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      key === "message" && typeof field === "string"
        ? quieted(field, quotes, said)
        : quiet(field, quotes, said),
    ]),
  );
}
