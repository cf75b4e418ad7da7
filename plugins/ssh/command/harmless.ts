/** Variables that only show in what programs write, with values that only name a language or a size. */
const shown = /^(LANG|LANGUAGE|LC_[A-Z]+|NO_COLOR|COLUMNS|LINES|TERM)$/;
const simple = /^[\w.@:-]*$/;

/**
 * A shell's own variable, that no shell and no program reads anything from. Lower case alone is not enough where it
 * may have come in from the environment.
 */
export function ownVariable(name: string): boolean {
  return /^[a-z][a-z0-9_]*$/.test(name) && !/_proxy$|^npm_config|^path$|^cdpath$/.test(name);
}

/** Whether a program that is started with it does what it does without. */
export function harmlessFor(name: string, value: string | undefined): boolean {
  return shown.test(name) && value !== undefined && simple.test(value);
}
