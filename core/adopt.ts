/** A plugin's part in `postern adopt`: looks at something that runs, and writes a policy that would stand before it. */
export interface Adopter {
  /** Of the addresses that it takes: `postgres`, `postgresql`. */
  readonly schemes: readonly [string, ...string[]];
  /**
   * Changes nothing there. Resolves with the text of a policy file; what cannot be told is in it as comments that
   * begin with CHECK. Throws PosternError `resource.*`, `adopt.*`; never with what the address holds in secret.
   */
  draft(address: string, environment: Readonly<Record<string, string | undefined>>): Promise<string>;
}
