/** A text of at most so many characters, with a mark at its end where there was more. */
export function shortened(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
