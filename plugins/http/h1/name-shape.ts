/** How many different shapes there are. */
export const shapes: number = 32 * 32;

/** By length and first letter, whatever its case: what most names have different from the few that matter. */
export function shapeOf(name: string): number {
  return shape(name.length, name.charCodeAt(0));
}

/** The same of a name that is still bytes. */
export function shape(length: number, first: number): number {
  return Math.min(length, 31) * 32 + (first & 31);
}
