import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret, WebFace, WebTools } from "../../core/plugin.ts";
import { effectOf } from "./events.ts";
import { type SecurityEvent, SetRefused, type SetTerms, verifySet } from "./set.ts";
import { endedBy } from "./subject.ts";

export interface CaepTerms extends SetTerms {
  readonly path: string;
  /** The issuer of the identities that it speaks of. */
  readonly of: string;
  readonly authorization?: Secret;
}

/** Where a transmitter pushes: POST `/signals/<path>`, one token a request (RFC 8935, 2). */
export function caepFace(terms: CaepTerms): WebFace {
  return {
    path: terms.path,
    async handle(request, tools) {
      if (request.method !== "POST") return answer(405, undefined, { allow: "POST" });
      try {
        await authenticate(request, terms.authorization);
        const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
        if (type !== "application/secevent+jwt") {
          throw new SetRefused("invalid_request", "the body is no application/secevent+jwt");
        }
        await take(await verifySet((await request.text()).trim(), terms), terms, tools);
        return answer(202);
      } catch (error) {
        // Whatever else it is, the transmitter shall try again.
        if (!(error instanceof SetRefused)) throw error;
        const { message } = tools.refused(`caep: ${error.message}`);
        const status = error.fault === "authentication_failed" ? 401 : 400;
        return answer(status, { err: error.fault, description: message });
      }
    },
  };
}

/** A token that came before is taken for good and does nothing, unless what it asked for failed then. */
async function take(event: SecurityEvent, terms: CaepTerms, tools: WebTools): Promise<void> {
  const steps = stepsOf(event, terms, tools);
  const [key, undone] = [`set ${event.id}`, `undone ${event.id}`];
  if (await tools.first(key, event.until)) await tools.records.add(undone, "");
  else if ((await tools.records.get(undone)) === undefined) return;
  for (const step of steps) await step();
  await tools.records.remove(undone);
}

/** All of them are understood before the first one is done. */
function stepsOf(event: SecurityEvent, { of, path }: CaepTerms, tools: WebTools): (() => Promise<unknown>)[] {
  const by = `caep ${path}`;
  return Object.entries(event.events).flatMap(([uri, said]) => {
    const effect = effectOf(uri, said);
    if (!effect) return [];
    const { does, code, message } = effect;
    const subject = event.subject ?? (said as { subject?: unknown } | null)?.subject;
    return endedBy(subject, of).map((ended) => () => {
      if (does === "lift") return tools.lift(ended, by);
      return tools.end({ of: ended, by, blocks: does === "block", reason: { code, message } });
    });
  });
}

/** Digests are compared, so that nothing of the secret shows in the time. */
async function authenticate(request: Request, secret: Secret | undefined): Promise<void> {
  if (!secret) return;
  const shown = digest(request.headers.get("authorization") ?? "");
  if (timingSafeEqual(shown, digest(await secret.read()))) return;
  throw new SetRefused("authentication_failed", "the Authorization header is another one");
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function answer(status: number, body?: object, more: Record<string, string> = {}): Response {
  const headers = { "cache-control": "no-store", ...more };
  if (!body) return new Response(null, { status, headers });
  return Response.json(body, { status, headers: { ...headers, "content-language": "en" } });
}
