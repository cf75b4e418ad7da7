import { Hono } from "hono";
import * as v from "valibot";
import { PosternError } from "../error.ts";
import type { Protocol, Recorded, Replay } from "../protocol.ts";
import type { Supervisor } from "../supervisor.ts";
import { readRecording } from "../trail/read-recording.ts";
import type { RawLine, ReplayLine } from "./api.ts";
import { flag, ndjson, operator, query } from "./request.ts";
import { unknownSession } from "./sessions.ts";

export function recordingRoutes(supervisor: Supervisor): Hono {
  const { board, index, keeper, dataDir } = supervisor.parts;
  return new Hono().get("/sessions/:id/recording", async (context) => {
    const id = context.req.param("id");
    const { raw } = query(context, v.object({ raw: flag }));
    await index.call("fresh");
    const known = await index.call("session", id);
    const protocol = board.session(id)?.protocol ?? known?.session.protocol;
    if (protocol === undefined) throw unknownSession(id);
    const replay = raw ? undefined : replayOf(protocols(keeper.policy.resources), protocol);
    const recorded = readRecording(dataDir, known?.session.recording ?? id);
    const first = recorded.next();
    if (first.done) {
      throw new PosternError("recording.none", `There is no recording of ${id}.`, {
        hint: "A session is recorded where the policy says `record()`.",
      });
    }
    await supervisor.admin("recording-read", operator, id);
    return ndjson(lines(first.value, recorded, replay));
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

function* lines(
  first: Recorded,
  rest: Iterable<Recorded>,
  replay: Replay | undefined,
): Generator<RawLine | ReplayLine> {
  const line = (event: Recorded) => (replay ? shown(event, replay) : rawLine(event));
  const head = line(first);
  if (head) yield head;
  for (const event of rest) {
    const next = line(event);
    if (next) yield next;
  }
}

function shown(event: Recorded, replay: Replay): ReplayLine | undefined {
  const text = replay.show(event);
  return text === "" ? undefined : { at: event.at, text };
}

function rawLine(event: Recorded): RawLine {
  if (event.kind === "event") return event;
  return { at: event.at, kind: "bytes", base64: Buffer.from(event.bytes).toString("base64") };
}
