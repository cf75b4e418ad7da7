import type { Fields } from "../../message.ts";
import { callerLimits, H1Caller } from "../caller.ts";
import { H1Resource } from "../resource.ts";
import { MemoryWire } from "./memory-wire.ts";
import { answer, whole } from "./rig.ts";

/** One message as the gateway reads it. */
export interface Reading {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly fields: Fields;
  readonly trailers: Fields;
  readonly body: string;
}

/** What the gateway makes of a caller's bytes, however they are cut. `refused`: what it was answered at the end. */
export async function readRequests(
  chunks: readonly Uint8Array[],
): Promise<{ readonly read: readonly Reading[]; readonly refused: boolean; readonly begun: number }> {
  const wire = new MemoryWire();
  const read: Reading[] = [];
  let begun = 0;
  new H1Caller(wire, {
    limits: callerLimits,
    refuse: (status) => ({ head: { status, reason: "", fields: [] }, body: Buffer.alloc(0) }),
    serve: (exchange) => {
      begun++;
      whole(exchange).then(
        ({ body, trailers }) => {
          const { method, target, fields } = exchange.request;
          read.push({ method, target, status: 0, fields, trailers, body: body.toString("latin1") });
          answer(exchange);
        },
        () => {},
      );
    },
  });
  for (const chunk of chunks) {
    wire.arrive(chunk);
    await undefined;
  }
  // Each request is answered in a turn of its own.
  for (let before = -1; before < begun; ) {
    before = begun;
    await new Promise((resolve) => setImmediate(resolve));
  }
  wire.finish();
  return { read, refused: /HTTP\/1\.1 4/.test(wire.written), begun };
}

/** What the gateway makes of a resource's bytes, all of which answer one request. */
export async function readResponse(
  method: string,
  chunks: readonly Uint8Array[],
): Promise<{ readonly read: Reading | undefined; readonly interim: number; readonly free: boolean }> {
  const wire = new MemoryWire();
  const resource = new H1Resource(wire, { header: callerLimits.header });
  let read: Reading | undefined;
  let head: { readonly status: number; readonly fields: Fields } = { status: 0, fields: [] };
  let body = "";
  let interim = 0;
  const request = { method, target: "/", authority: "a", version: "1.1", fields: [] } as const;
  resource.send(request, "none", undefined, {
    inform: () => void interim++,
    head: (told) => {
      head = told;
    },
    data: (view) => {
      body += Buffer.from(view).toString("latin1");
      return true;
    },
    end: (trailers) => {
      read = { method, target: "/", ...head, trailers, body };
    },
    switched() {},
    broken() {},
    drained() {},
  });
  await undefined;
  for (const chunk of chunks) wire.arrive(chunk);
  const { free } = resource;
  wire.finish();
  return { read, interim, free };
}
