import { type Context, Hono } from "hono";
import { PosternError } from "../error.ts";
import type { FrontDoor } from "../front-door.ts";
import { sourceOf } from "../source.ts";
import type { Supervisor } from "../supervisor.ts";
import type { WebTools } from "../web.ts";
import type { FaceKind } from "./faces.ts";
import { remoteOf } from "./remote.ts";

/** Milliseconds that a plugin may take for an answer. */
const patience = 30_000;

/** `/identity/<path>/…` and `/signals/<path>/…`: what the policy's plugins answer, each for itself. */
export function faceRoutes(supervisor: Supervisor): Hono {
  const app = new Hono();
  for (const kind of ["identity", "signals"] as const) {
    const answer = (context: Context) => visit(supervisor, kind, context);
    app.all(`/${kind}/:path`, answer).all(`/${kind}/:path/*`, answer);
  }
  return app;
}

async function visit(supervisor: Supervisor, kind: FaceKind, context: Context): Promise<Response> {
  const path = context.req.param("path") ?? "";
  const face = supervisor.parts.keeper.faces[kind].get(path);
  if (!face) return context.notFound();
  const { raw } = context.req;
  const request = raw.body ? new Request(raw, { body: await whole(raw) }) : raw;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`/${kind}/${path} took too long`)), patience);
  try {
    const door = supervisor.parts.keeper.door("web", remoteOf(context));
    const answer = face.handle(request, toolsOf(supervisor, `${kind}/${path}`, door));
    return await Promise.race([answer.finally(() => door.mayLearn()), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Read to its end here, so that no plugin waits for a slow sender. Throws PosternError `request.malformed`. */
async function whole(request: Request): Promise<ArrayBuffer> {
  try {
    return await request.arrayBuffer();
  } catch (cause) {
    throw new PosternError("request.malformed", "The body was cut off.", { cause });
  }
}

/** `place`: below which path the face is. */
export function toolsOf(supervisor: Supervisor, place: string, door: FrontDoor): WebTools {
  const { store } = supervisor.parts;
  return {
    url: `${supervisor.web.url}/${place}`,
    remote: door.remote,
    source: sourceOf(door.remote),
    end: (wish) => supervisor.end(wish),
    lift: async (of, by) => void (await supervisor.lift(of, by)),
    records: {
      get: (key) => store.call("record", `${place} ${key}`),
      add: (key, value) => store.call("addRecord", `${place} ${key}`, value),
      put: (key, value) => store.call("putRecord", `${place} ${key}`, value),
      remove: (key) => store.call("removeRecord", `${place} ${key}`),
      page: (prefix, ...part) => store.call("recordPage", `${place} ${prefix}`, ...part),
    },
    first: (key, until) => store.call("firstSight", `${place} ${key}`, until),
    refused: (check): PosternError => door.refused(`${place}: ${check}`),
  };
}
