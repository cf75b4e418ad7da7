import type { Problem } from "../control/api.ts";
import { PosternError } from "../error.ts";

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/**
 * The control API over its unix socket: the command line's only way in. Throws PosternError
 * `control.unreachable`, or what the gateway answered.
 */
export class ControlClient {
  constructor(
    readonly socket: string,
    readonly signal: AbortSignal,
    readonly token?: string,
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
    let response: Response;
    try {
      response = await fetch(`http://postern${path}`, {
        unix: this.socket,
        method,
        signal: this.signal,
        // A watcher waits for as long as nothing happens.
        timeout: false,
        headers: {
          ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
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
    return new PosternError("control.unreachable", `No gateway answers at ${this.socket}.`, {
      hint:
        "Start one with `postern serve POLICY`, or name the data folder of the one that runs: " +
        "--data DIR or POSTERN_DATA.",
      cause,
    });
  }
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
