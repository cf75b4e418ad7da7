import { createRequire } from "node:module";

/** One message as llhttp, the parser of Node, reads it. */
export interface Read {
  /** Of a request. */
  method: string;
  target: string;
  /** Of an answer. */
  status: number;
  /** Names in lower case and values as they were written, trailers behind them. */
  fields: string[];
  body: Buffer;
  complete: boolean;
  upgrade: boolean;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize?(): void;
  malloc(size: number): number;
  free(pointer: number): void;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_finish(parser: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_method(parser: number): number;
}

const requires = createRequire(import.meta.url);
const { METHOD_MAP, ERROR } = requires("undici/lib/llhttp/constants.js") as {
  METHOD_MAP: Record<string, number>;
  ERROR: Record<string, number>;
};
const methods = new Map(Object.entries(METHOD_MAP).map(([name, number]) => [number, name]));
const wasm = requires("undici/lib/llhttp/llhttp-wasm.js") as Uint8Array<ArrayBuffer>;

/** A method that llhttp does not know is one that it reads nothing of. */
export function knownToLlhttp(method: string): boolean {
  return Object.hasOwn(METHOD_MAP, method);
}

let now: { readonly read: Read[]; readonly bodyless: boolean } | undefined;

const callbacks = {
  wasm_on_message_begin: () => {
    now?.read.push({
      ...{ method: "", target: "", status: 0, fields: [], body: Buffer.alloc(0) },
      ...{ complete: false, upgrade: false },
    });
    return 0;
  },
  wasm_on_url: (_: number, at: number, length: number) => {
    last().target += text(at, length);
    return 0;
  },
  wasm_on_status: () => 0,
  wasm_on_header_field: (_: number, at: number, length: number) => {
    last().fields.push(text(at, length).toLowerCase(), "");
    return 0;
  },
  wasm_on_header_value: (_: number, at: number, length: number) => {
    const { fields } = last();
    fields[fields.length - 1] += text(at, length);
    return 0;
  },
  wasm_on_headers_complete: (parser: number, status: number, upgrade: number) => {
    const message = last();
    message.status = status;
    message.method = methods.get(llhttp.llhttp_get_method(parser)) ?? "";
    message.upgrade = upgrade !== 0;
    return now?.bodyless ? 1 : 0;
  },
  wasm_on_body: (_: number, at: number, length: number) => {
    const message = last();
    message.body = Buffer.concat([message.body, bytesAt(at, length)]);
    return 0;
  },
  wasm_on_message_complete: () => {
    last().complete = true;
    return 0;
  },
};

const llhttp = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: callbacks })
  .exports as unknown as Exports;
llhttp._initialize?.();

/**
 * What llhttp makes of these bytes in its strict mode, in one piece. `error`: its name, where it refuses them; `end`:
 * how many it took before that, or before the connection turns into something else.
 */
export function llhttpReads(
  type: "request" | "response",
  bytes: Uint8Array,
  bodyless = false,
): { readonly read: readonly Read[]; readonly error: string | undefined; readonly end: number } {
  const parser = llhttp.llhttp_alloc(type === "request" ? 1 : 2);
  const data = llhttp.malloc(bytes.length + 1);
  new Uint8Array(llhttp.memory.buffer).set(bytes, data);
  now = { read: [], bodyless };
  const result = llhttp.llhttp_execute(parser, data, bytes.length);
  const end = result === ERROR.OK ? bytes.length : llhttp.llhttp_get_error_pos(parser) - data;
  if (result === ERROR.OK && type === "response") llhttp.llhttp_finish(parser);
  const { read } = now;
  now = undefined;
  llhttp.free(data);
  llhttp.llhttp_free(parser);
  const name = Object.keys(ERROR).find((each) => ERROR[each] === result);
  return { read, error: result === ERROR.OK || result === ERROR.PAUSED_UPGRADE ? undefined : name, end };
}

function last(): Read {
  const message = now?.read.at(-1);
  if (!message) throw new Error("llhttp told of a message that has not begun");
  return message;
}

function bytesAt(at: number, length: number): Buffer {
  return Buffer.from(new Uint8Array(llhttp.memory.buffer, at, length));
}

function text(at: number, length: number): string {
  return bytesAt(at, length).toString("latin1");
}
