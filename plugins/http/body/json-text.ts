/** Places in a JSON text. */

/** The first place from `at` on that is no white space. */
export function afterSpace(text: string, at: number): number {
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
  }
}

/** Behind the string that begins at `at`; -1: it has no end. */
export function afterString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === 92) before--;
    if ((end - before) % 2 === 1) return end + 1;
  }
  return -1;
}

/** Behind the number or word that begins at `at`. */
export function afterWord(text: string, at: number): number {
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code === 44 || code === 93 || code === 125) break;
  }
  return at;
}
