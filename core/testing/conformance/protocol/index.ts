import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { classified } from "../../../explain.ts";
import { effects } from "../../../operation.ts";
import { answers } from "./answers.ts";
import { denials } from "./denial.ts";
import { Door } from "./door.ts";
import { ends } from "./ends.ts";
import { holds } from "./hold.ts";
import { starts } from "./start.ts";
import type { ProtocolSubject, Service } from "./subject.ts";

/**
 * What the contract asks of a protocol, as tests of the file that calls it: a real gateway in this process, a
 * real client, and a tap on either side. Each of the subject's samples is sent many times.
 *
 * @example
 * protocolConformance({
 *   start: startMemcached,
 *   resource: ({ host, port }) => memcached({ host, port }),
 *   connect: (to) => MemcachedClient.open(to),
 *   read: { text: "get greeting", effect: "read", shows: "hello" },
 *   write: { text: "set greeting 0 0 5\r\nhello", effect: "write" },
 *   nonsense: "open sesame",
 * });
 */
export function protocolConformance(subject: ProtocolSubject): void {
  // Nothing listens there yet: only what it is, not what it does.
  const { protocol, config } = subject.resource({ host: "127.0.0.1", port: 9 });
  describe(`the contract of a protocol: ${protocol.name}`, () => {
    let service: Service;
    const doors: Door[] = [];
    beforeAll(async () => {
      service = await subject.start();
    });
    afterEach(async () => {
      for (const door of doors.splice(0)) await door.close();
    });
    afterAll(() => service?.stop());

    const open = async (options = {}) => {
      const door = await Door.open(subject, service, options);
      doors.push(door);
      return door;
    };
    const byRequests = "serve" in protocol;
    starts(subject, () => service, open);
    denials(subject, open);
    holds(subject, byRequests, open);
    answers(subject, protocol.emits, open);
    ends(subject, byRequests, open);

    const { classify } = protocol;
    if (classify) {
      test("what a text would do can be told beforehand", async () => {
        for (const { text, effect } of [subject.read, subject.write]) {
          const { actions } = classified(await classify.call(protocol, text, config));
          const found = actions.map((action) => action.effect);
          expect(found).toContain(effect);
          expect(effects).toEqual(expect.arrayContaining(found));
        }
        if (subject.nonsense === undefined) return;
        const { actions } = classified(await classify.call(protocol, subject.nonsense, config));
        expect(actions.map(({ effect }) => effect)).toContain("unknown");
      });
    }
  });
}
