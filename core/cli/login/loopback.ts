import { PosternError } from "../../error.ts";

/** Milliseconds that somebody may take in the browser. */
const patience = 300_000;

/** Where the browser comes back to with a code: a port of this machine for one login (RFC 8252, 7.3). */
export class Callback implements Disposable {
  readonly #came = Promise.withResolvers<URLSearchParams>();
  readonly #server: Bun.Server<undefined>;

  /** `state`: what comes back without it is not an answer to this login (RFC 6749, 10.12). */
  constructor(readonly state: string) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => this.#answer(new URL(request.url)),
    });
  }

  get redirect(): string {
    return `http://127.0.0.1:${this.#server.port}/callback`;
  }

  /** What came with the browser. Throws PosternError `login.timeout`. */
  async parameters(signal: AbortSignal): Promise<URLSearchParams> {
    const { promise, reject } = Promise.withResolvers<never>();
    const late = new PosternError("login.timeout", "Nobody signed in within five minutes.", {
      hint: "Run `postern login` again; --device works without a browser on this machine.",
    });
    const timer = setTimeout(() => reject(late), patience);
    const gone = () => reject(signal.reason);
    signal.addEventListener("abort", gone);
    try {
      return await Promise.race([this.#came.promise, promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", gone);
    }
  }

  [Symbol.dispose](): void {
    // The page that says that all is well may still be on its way.
    void this.#server.stop();
  }

  #answer({ pathname, searchParams }: URL): Response {
    if (pathname !== "/callback") return new Response(null, { status: 404 });
    if (searchParams.get("state") !== this.state)
      return page(400, "This is no answer to the login that waits.");
    this.#came.resolve(searchParams);
    return searchParams.has("code")
      ? page(200, "Signed in. You can close this window.")
      : page(400, "Not signed in. The terminal says why.");
  }
}

function page(status: number, text: string): Response {
  return new Response(`<!doctype html><meta charset="utf-8"><title>Postern</title><p>${text}</p>\n`, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'",
      connection: "close",
    },
  });
}
