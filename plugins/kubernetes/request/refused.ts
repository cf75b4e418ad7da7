/** A request that may mean one thing here and another to the server: it is not sent. */
export interface Refused {
  /** What was wrong with it, one clause, for the caller to read. Repeats nothing of the request. */
  readonly refused: string;
}

export const isRefused = (value: object): value is Refused => "refused" in value;
