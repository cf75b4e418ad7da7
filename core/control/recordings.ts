import { Hono } from "hono";
import * as v from "valibot";
import { PosternError } from "../error.ts";
import type { Protocol, Recorded, Replay } from "../protocol.ts";
import type { Supervisor } from "../supervisor.ts";
import { followRecording, isRecorded, readRecording } from "../trail/read-recording.ts";
import type { RawLine, ReplayLine } from "./api.ts";
import { asciicast } from "./asciicast.ts";
import { flag, ndjson, ndjsonFrom, operator, query } from "./request.ts";
import { unknownSession } from "./sessions.ts";

const number = v.pipe(v.string(), v.digits(), v.transform(Number));

export function recordingRoutes(supervisor: Supervisor): Hono {
  const { board, index, keeper, dataDir } = supervisor.parts;
  const find = async (id: string) => {
    await index.call("fresh");
    const known = await index.call("session", id);
    const open = board.session(id);
    const protocol = open?.protocol ?? known?.protocol;
    if (protocol === undefined) throw unknownSession(id);
    const replay = () => replayOf(protocols(keeper.policy.resources), protocol);
    const recorded = () => readRecording(dataDir, known?.recording ?? id);
    return { replay, recorded, openedAt: open?.openedAt ?? known?.openedAt ?? 0 };
  };
  return new Hono()
    .get("/sessions/:id/recording", async (context) => {
      const id = context.req.param("id");
      const { raw } = query(context, v.object({ raw: flag }));
      const { replay, recorded } = await find(id);
      const show = raw ? rawLines : shownBy(replay());
      const events = recorded();
      const first = events.next();
      if (first.done) throw noRecording(id);
      await supervisor.admin("recording-read", operator, id);
      return ndjson(lines(first.value, events, show));
    })
    .get("/sessions/:id/asciicast", async (context) => {
      const id = context.req.param("id");
      const { channel } = query(context, v.object({ channel: v.optional(number) }));
      const { replay, recorded, openedAt } = await find(id);
      const cast = asciicast(recorded, replay, openedAt, channel);
      const header = cast.next();
      if (header.done) throw noRecording(id);
      await supervisor.admin("recording-read", operator, id);
      return ndjson(lines(header.value, cast, (line) => [line]));
    })
    .get("/sessions/:id/watch", async (context) => {
      const id = context.req.param("id");
      if (!board.session(id)) throw unknownSession(id);
      const { replay } = await find(id);
      const show = shownBy(replay());
      if (!isRecorded(dataDir, id)) throw noRecording(id);
      await supervisor.admin("session-watch", operator, id);
      const follow = followRecording(dataDir, id, () => board.session(id) !== undefined);
      return ndjsonFrom(followed(follow, show));
    });
}

function noRecording(id: string): PosternError {
  return new PosternError("recording.none", `There is no recording of ${id}.`, {
    hint: "A session is recorded where the policy says `record()`.",
  });
}

function protocols(resources: Readonly<Record<string, { protocol: Protocol }>>): Protocol[] {
  return Object.values(resources).map(({ protocol }) => protocol);
}

function replayOf(all: readonly Protocol[], name: string): Replay {
  const replay = all.find((protocol) => protocol.name === name)?.replay?.();
  if (replay) return replay;
  throw new PosternError("recording.no-replay", `The policy has nothing that can show a ${name} recording.`, {
    hint: "Ask for it raw.",
  });
}

function* lines<T>(first: T, rest: Iterable<T>, show: (event: T) => readonly unknown[]): Generator<unknown> {
  yield* show(first);
  for (const event of rest) yield* show(event);
}

async function* followed(
  events: AsyncIterable<Recorded>,
  show: (event: Recorded) => readonly ReplayLine[],
): AsyncGenerator<ReplayLine> {
  for await (const event of events) yield* show(event);
}

function shownBy(replay: Replay): (event: Recorded) => readonly ReplayLine[] {
  return (event) => {
    const { at } = event;
    const lines: ReplayLine[] = (replay.terminals?.(event) ?? []).map((terminal) => ({ at, terminal }));
    const text = replay.show(event);
    return text === "" ? lines : [...lines, { at, text }];
  };
}

function rawLines(event: Recorded): readonly RawLine[] {
  if (event.kind === "event") return [event];
  return [{ at: event.at, kind: "bytes", base64: Buffer.from(event.bytes).toString("base64") }];
}
