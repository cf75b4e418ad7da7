import type { Written } from "../core/trail/entry.ts";
import { follow } from "../core/trail/read.ts";
import { streams } from "../core/trail/streams.ts";

/** Every entry of every stream in a data folder, as the segments have them now. */
export function entriesIn(dataDir: string): (Written & { stream: string })[] {
  return streams(dataDir).flatMap((stream) => {
    const reader = follow(dataDir, stream);
    const all = [...reader].map((entry) => ({ ...entry, stream }));
    reader.close();
    return all;
  });
}
