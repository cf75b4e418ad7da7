import { expect, test } from "bun:test";
import { PosternError, type TlsLink, type Wire, type WireSink } from "../../../core/plugin.ts";
import { across, Ends } from "./ends.ts";

/** A connection whose kernel takes so many bytes, and no more until it is told to. */
class Slow implements Wire {
  readonly remote = "test";
  readonly loopback = true;
  readonly encrypted = false;
  readonly gone = new Promise<void>(() => {});
  whenGone: (() => void) | undefined;
  readonly unread = 0;
  closed = false;
  backlog = 0;
  paused = false;
  sink: WireSink | undefined;

  constructor(public room: number) {}

  stream(sink: WireSink): void {
    this.sink = sink;
  }

  write(bytes: Uint8Array): boolean {
    this.backlog += bytes.length;
    return this.backlog <= this.room;
  }

  take(): void {
    this.backlog = 0;
    this.sink?.drain();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  putBack(): void {}
  deadline(): void {}
  end(): void {}
  destroy(): void {}
  read = (): Promise<Buffer> => Promise.reject(new Error("not over this wire"));
  secure = (): Promise<TlsLink> => Promise.reject(new Error("not over this wire"));
}

function rig(idle = 60_000) {
  const [caller, resource] = [new Slow(10), new Slow(10)];
  const ends = new Ends(caller, resource);
  const over = new AbortController();
  const carried = ends
    .carry((view, from) => ends.write(across(from), view), over.signal, idle)
    .then(
      () => "closed",
      (error: unknown) => (error instanceof PosternError ? error.code : String(error)),
    );
  return { caller, resource, ends, over, carried };
}

test("a side that takes no more stops the other, once, and lets it go on", () => {
  const { caller, resource } = rig();
  resource.sink?.data(Buffer.alloc(8));
  expect([caller.paused, resource.paused]).toEqual([false, false]);
  // What was read before it stopped still comes.
  resource.sink?.data(Buffer.alloc(8));
  resource.sink?.data(Buffer.alloc(8));
  expect([caller.paused, resource.paused]).toEqual([false, true]);
  caller.take();
  expect(resource.paused).toBe(false);
});

test("a recorder that is behind stops it as well, and both have to be over", async () => {
  const { caller, resource, ends } = rig();
  const kept = Promise.withResolvers<void>();
  resource.sink?.data(Buffer.alloc(16));
  ends.until("resource", kept.promise);
  caller.take();
  expect(resource.paused).toBe(true);
  kept.resolve();
  await kept.promise;
  expect(resource.paused).toBe(false);
});

test("it is over when either side closes, and nothing passes any more", async () => {
  const { caller, resource, carried } = rig();
  caller.sink?.close();
  expect(await carried).toBe("closed");
  caller.sink?.data(Buffer.alloc(1));
  expect(resource.backlog).toBe(0);
});

test("it ends with its session, with what the other side breaks, and when nothing passes", async () => {
  const killed = rig();
  killed.over.abort({ code: "session.killed", message: "" });
  expect(await killed.carried).toBe("session.killed");
  expect(await rig(1).carried).toBe("session.idle");
  const resource = new Slow(1);
  const carried = new Ends(new Slow(1), resource).carry(
    () => {
      throw new PosternError("http.websocket", "");
    },
    new AbortController().signal,
    60_000,
  );
  resource.sink?.data(Buffer.alloc(1));
  expect(await carried.catch((error: unknown) => (error as PosternError).code)).toBe("http.websocket");
});
