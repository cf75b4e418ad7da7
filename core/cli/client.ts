import { readFileSync } from "node:fs";
import type { Problem } from "../control/api.ts";
import { PosternError } from "../error.ts";

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Path of a control socket, or a policy's `web` as a URL without a slash at its end. */
export type Target =
  | { readonly socket: string }
  | {
      readonly url: string;
      /** Path of a PEM file with what its certificate leads to; absent: the machine's own authorities. */
      readonly ca?: string;
    };

/**
 * A gateway, by its control socket or over HTTPS: the command line's only ways in. Throws PosternError
 * `control.unreachable`, or what the gateway answered.
 */
export class ControlClient {
  constructor(
    readonly target: Target,
    readonly signal: AbortSignal,
    /** Says who asks; undefined: nobody in particular. */
    readonly token: () => Promise<string | undefined> = async () => undefined,
  ) {}

  async get<T>(path: string, query: Query = {}): Promise<T> {
    return (await (await this.#ask("GET", path + search(query))).json()) as T;
  }

  async send<T>(method: "POST" | "DELETE", path: string, body: unknown = {}): Promise<T> {
    const text = await (await this.#ask(method, path, body)).text();
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  /** One value a line, as they come. Ends with the answer or when the signal is aborted. */
  async *lines<T>(path: string, query: Query = {}): AsyncGenerator<T> {
    const response = await this.#ask("GET", path + search(query));
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of response.body ?? []) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line !== "") yield JSON.parse(line) as T;
      }
    } catch (error) {
      if (!this.signal.aborted) throw this.#unreachable(error);
    }
    if (rest.trim() !== "") yield JSON.parse(rest) as T;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Response> {
    const token = await this.token();
    let response: Response;
    try {
      const { base, ...way } = wayTo(this.target);
      response = await fetch(base + path, {
        ...way,
        method,
        signal: this.signal,
        // A watcher waits for as long as nothing happens.
        timeout: false,
        // A token goes to the gateway that it is for, and nowhere else.
        redirect: "manual",
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
    if (response.ok) return response;
    throw await refused(response);
  }

  #unreachable(cause: unknown): PosternError {
    if ("socket" in this.target) {
      return new PosternError("control.unreachable", `No gateway answers at ${this.target.socket}.`, {
        hint:
          "Start one with `postern serve POLICY`, or name the data folder of the one that runs: " +
          "--data DIR or POSTERN_DATA. For one elsewhere: `postern login URL`.",
        cause,
      });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    return new PosternError("control.unreachable", `No gateway answers at ${this.target.url}: ${why}`, {
      hint: "Check the URL; --ca FILE names the authority of a certificate that this machine does not know.",
      cause,
    });
  }
}

function wayTo(target: Target) {
  if ("socket" in target) return { base: "http://postern", unix: target.socket };
  const { url, ca } = target;
  return { base: url, ...(ca === undefined ? {} : { tls: { ca: readFileSync(ca) } }) };
}

async function refused(response: Response): Promise<PosternError> {
  const said = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  const code = said?.code ?? "control.failed";
  const message = said?.message ?? `The gateway answers ${response.status}.`;
  return new PosternError(code, message, {
    ...(said?.hint === undefined ? {} : { hint: said.hint }),
    ...(said?.rule === undefined ? {} : { rule: said.rule }),
  });
}

function search(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of [value].flat()) params.append(name, String(one));
  }
  return params.size === 0 ? "" : `?${params}`;
}
