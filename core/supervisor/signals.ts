/** A launcher passes on what a terminal has sent to the whole group already: two so close are one. */
const sameMs = 500;

export interface SignalActions {
  reload(): void;
  stop(): void;
  stopNow(): void;
}

/** SIGTERM and SIGINT stop, a second one at once; SIGHUP reloads. */
export function followSignals(actions: SignalActions): { close(): void } {
  let first: number | undefined;
  const stop = () => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      actions.stop();
    } else if (now - first > sameMs) actions.stopNow();
  };
  const { reload } = actions;
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", reload);
  return {
    close() {
      process.off("SIGTERM", stop);
      process.off("SIGINT", stop);
      process.off("SIGHUP", reload);
    },
  };
}
