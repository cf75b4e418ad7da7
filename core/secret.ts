/** A resource credential that the policy names and does not contain. Read only through a Permit. */
export interface Secret {
  /** What identifies it in the trail: `env ORDERS_URL`. Never the value. */
  readonly label: string;
  /** Throws a PosternError `secret.unavailable`, without the value. */
  read(): Promise<string>;
}
