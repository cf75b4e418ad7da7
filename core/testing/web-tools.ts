import type { Ended, Ending, EndingWish } from "../ending.ts";
import { NotAccepted } from "../identity.ts";
import type { WebRecords, WebTools } from "../web.ts";

/** The tools of a web face, without a gateway: what it did with them can be looked at. */
export interface TestWebTools extends WebTools {
  readonly ended: EndingWish[];
  readonly lifted: { readonly of: Ended; readonly by: string }[];
  /** Checks that failed. */
  readonly checks: string[];
}

export function testWebTools(url = "https://gateway.example.com/face"): TestWebTools {
  const seen = new Set<string>();
  const [ended, lifted, checks]: [EndingWish[], TestWebTools["lifted"], string[]] = [[], [], []];
  return {
    ...{ url, remote: "192.0.2.1:4711", source: "192.0.2.1", ended, lifted, checks, records: testRecords() },
    async end(wish): Promise<Ending> {
      ended.push(wish);
      return { id: `end_${ended.length}`, at: Date.now(), ...wish, blocks: wish.blocks ?? false };
    },
    async lift(of, by) {
      lifted.push({ of, by });
    },
    first: async (key) => !seen.has(key) && seen.add(key).has(key),
    refused(check) {
      checks.push(check);
      return new NotAccepted(check);
    },
  };
}

export function testRecords(): WebRecords {
  const kept = new Map<string, string>();
  return {
    get: async (key) => kept.get(key),
    add: async (key, value) => !kept.has(key) && kept.set(key, value).has(key),
    put: async (key, value) => void kept.set(key, value),
    remove: async (key) => kept.delete(key),
    async page(prefix, skip, take) {
      const keys = [...kept.keys()].filter((key) => key.startsWith(prefix)).sort();
      return {
        total: keys.length,
        values: keys.slice(skip, skip + take).map((key) => kept.get(key) ?? ""),
      };
    },
  };
}
