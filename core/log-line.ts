const colours: Readonly<Record<string, string>> = {
  debug: "\x1b[90m",
  info: "\x1b[32m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
  fatal: "\x1b[31m",
};

/** One JSON log line as people read it: `12:30:01 info  ready  listener=127.0.0.1:5432`. */
export function prettyLine(json: string): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json;
  }
  const { level, time, msg, error, ...rest } = record;
  const name = String(level);
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${plain(value)}`);
  const message = visible(String(msg ?? ""));
  return `${clock} ${colours[name] ?? ""}${name.padEnd(5)}\x1b[0m ${message}${fields.join("")}${trace(error)}\n`;
}

function plain(value: unknown): string {
  return visible(typeof value === "string" ? value : JSON.stringify(value));
}

/** What a client sent may stand in a log line; it must not steer the reader's terminal. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, "?");
}

function trace(error: unknown): string {
  if (error === undefined) return "";
  const { message, stack } = (error ?? {}) as { message?: unknown; stack?: unknown };
  const text = typeof stack === "string" ? stack : String(message ?? JSON.stringify(error));
  return `\n  ${text.split("\n").map(visible).join("\n  ")}`;
}
