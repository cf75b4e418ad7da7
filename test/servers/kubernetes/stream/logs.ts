import type { Container } from "../kubelet.ts";

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Lines from the end; all where there is none. */
  readonly tail: number | undefined;
  readonly limitBytes: number | undefined;
}

/** Sends a container's log, and with `follow` what comes, until it ends; returns how to stop. */
export function sendLog(
  container: Container,
  options: LogOptions,
  send: (text: string) => void,
  end: () => void,
): () => void {
  const first = options.tail === undefined ? 0 : Math.max(0, container.log.length - options.tail);
  let told = first;
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const more = () => {
    for (; told < container.log.length && left > 0; told++) {
      const entry = container.log[told];
      const line = `${options.timestamps ? `${entry?.time} ` : ""}${entry?.line}\n`.slice(0, left);
      left -= line.length;
      send(line);
    }
    if (options.follow && container.running && left > 0) return;
    container.listeners.delete(more);
    end();
  };
  if (options.follow) container.listeners.add(more);
  more();
  return () => container.listeners.delete(more);
}
