import type { Context } from "hono";
import * as v from "valibot";
import { type Duration, milliseconds } from "../duration.ts";
import { PosternError } from "../error.ts";
import type { Identity } from "../identity.ts";
import type { Supervisor } from "../supervisor.ts";
import { isVisit, remoteOf } from "../web/remote.ts";

export { operator } from "../web/remote.ts";

/** The body as this shape. Throws PosternError `request.invalid`. */
export async function body<T>(context: Context, schema: v.GenericSchema<unknown, T>): Promise<T> {
  const text = await context.req.text();
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new PosternError("request.invalid", "The body is no JSON.");
  }
  return valid(schema, value, "The body");
}

/** The query parameters as this shape; `many`: those that are lists. Throws PosternError `request.invalid`. */
export function query<T>(context: Context, schema: v.GenericSchema<unknown, T>, ...many: string[]): T {
  const lists = many.flatMap((name) => {
    const values = context.req.queries(name);
    return values ? [[name, values]] : [];
  });
  return valid(schema, { ...context.req.query(), ...Object.fromEntries(lists) }, "The query");
}

function valid<T>(schema: v.GenericSchema<unknown, T>, value: unknown, what: string): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const flaws = result.issues.map((issue) => `${v.getDotPath(issue) ?? "."}: ${issue.message}`);
  throw new PosternError(
    "request.invalid",
    `${what} is not as docs/control-api.md has it: ${flaws.join("; ")}.`,
  );
}

/** `1`, `true` or the bare name switch it on. */
export const flag = v.optional(
  v.pipe(
    v.string(),
    v.transform((text) => text !== "0" && text !== "false"),
  ),
  "false",
);

/** Milliseconds of a duration as the policy writes it. */
export function duration(fallback: Duration) {
  return v.pipe(
    v.optional(v.string(), fallback),
    v.regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'write a duration: "15m"'),
    v.transform((text) => milliseconds(text as Duration)),
  );
}

/** Each request proves its token once. */
const proved = new WeakMap<Request, Promise<Identity>>();

/** Whoever shows the token in `Authorization: Bearer …`. Throws PosternError `request.no-token`, `identity.refused`. */
export function bearer(context: Context, supervisor: Supervisor): Promise<Identity> {
  const { raw } = context.req;
  const known = proved.get(raw);
  if (known) return known;
  const identity = prove(context, supervisor);
  proved.set(raw, identity);
  return identity;
}

/** Who asks: whoever shows a token; undefined: the operator, who needs none on the control socket. */
export async function asker(context: Context, supervisor: Supervisor): Promise<Identity | undefined> {
  const operates = !isVisit(context) && context.req.header("authorization") === undefined;
  return operates ? undefined : bearer(context, supervisor);
}

async function prove(context: Context, supervisor: Supervisor): Promise<Identity> {
  const token = /^Bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
  if (token === undefined) {
    throw new PosternError("request.no-token", "This needs a token: who asks matters here.", {
      hint: "Send `Authorization: Bearer TOKEN`, with a token of one of the policy's identity providers.",
    });
  }
  const protocol = isVisit(context) ? "web" : "control";
  return supervisor.parts.keeper.door(protocol, remoteOf(context)).identify({ kind: "token", token });
}

/** NDJSON of what there is; the source is read as the reader takes it. */
export function ndjson(source: Iterable<unknown>): Response {
  const iterator = source[Symbol.iterator]();
  return lineResponse({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done) controller.close();
      else controller.enqueue(line(value));
    },
    cancel() {
      iterator.return?.();
    },
  });
}

/** The same of what comes; the first line is empty. */
export function ndjsonFrom(source: AsyncIterable<unknown>): Response {
  const iterator = source[Symbol.asyncIterator]();
  return lineResponse({
    start(controller) {
      // Bun sends the header with the first byte; the reader waits for it.
      controller.enqueue(Buffer.from("\n"));
    },
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(line(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/**
 * NDJSON of what happens, until the reader goes; the first line is empty. `begin` returns what to call
 * then, and may write at once.
 */
export function ndjsonOf(begin: (write: (value: unknown) => void) => () => void): Response {
  let end: (() => void) | undefined;
  return lineResponse({
    start(controller) {
      // Bun sends the header with the first byte; the reader waits for it.
      controller.enqueue(Buffer.from("\n"));
      end = begin((value) => {
        try {
          controller.enqueue(line(value));
        } catch {
          // The reader is gone and Bun has not said so yet.
          end?.();
        }
      });
    },
    cancel() {
      end?.();
    },
  });
}

function lineResponse(source: Bun.UnderlyingSource<Uint8Array>): Response {
  const headers = { "content-type": "application/x-ndjson" };
  return new Response(new ReadableStream(source), { headers });
}

function line(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
