/** Something under way in a session that requests make up. */
export interface Visiting {
  /** Ends it by force: the session has ended, and it did not end by itself. */
  cut(): void;
}
