/** What the demo prints: plain text, coloured only on a terminal that wants it. */
const colour = process.stdout.isTTY && !process.env.NO_COLOR;

const paint = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = paint(1);
export const faint = paint(2);
const red = paint(31);
const green = paint(32);
const cyan = paint(36);

export function say(text = ""): void {
  console.log(text);
}

export function title(text: string): void {
  say(`\n${bold(text)}`);
}

/** What was sent, as it would be typed. */
export function sent(who: string, text: string): void {
  say(`\n  ${faint(`${who} sends`)}`);
  say(indent(cyan(text)));
}

/** What came back. */
export function received(text: string): void {
  say(`  ${faint("and gets back")}`);
  say(indent(text.trimEnd()));
}

export function checked(what: string, held: boolean): void {
  say(`  ${held ? green("✓") : red("✗")} ${what}`);
}

/** Prints `text …`, then how long the work took. */
export async function during<T>(text: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  process.stdout.write(faint(`${text} … `));
  try {
    const result = await work();
    say(faint(`${((performance.now() - started) / 1000).toFixed(1)} s`));
    return result;
  } catch (error) {
    say(red("failed"));
    throw error;
  }
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
