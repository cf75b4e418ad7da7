/** Names the account that signs in, where a person would type it. */
export const accountHeader = "x-test-account";

export interface Visited {
  /** Where the browser stands in the end. */
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/**
 * What a person does in a browser: keeps cookies, follows redirects, and submits every form that the provider
 * shows (its codes, its confirmations).
 */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  constructor(readonly account: string) {}

  /** `until`: a URL that begins so is not fetched, but is where the visit ends (a redirect back to a client). */
  async visit(start: string, until?: string): Promise<Visited> {
    let request = new Request(start);
    for (let steps = 0; steps < 20; steps++) {
      const { url } = request;
      if (until !== undefined && url.startsWith(until)) return { url, status: 0, text: "" };
      const response = await this.#fetch(request);
      const to = response.headers.get("location");
      const text = await response.text();
      const form = to === null && response.ok ? submitted(text, url) : undefined;
      if (to !== null) request = new Request(new URL(to, url).href);
      else if (form) request = form;
      else return { url, status: response.status, text };
    }
    throw new Error(`The browser goes round in circles at ${request.url}.`);
  }

  async #fetch(request: Request): Promise<Response> {
    const { origin } = new URL(request.url);
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, jar);
    request.headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    request.headers.set(accountHeader, this.account);
    const response = await fetch(request, { redirect: "manual" });
    for (const set of response.headers.getSetCookie()) {
      const [pair = ""] = set.split(";");
      const [name = "", ...value] = pair.split("=");
      jar.set(name, value.join("="));
    }
    return response;
  }
}

/** The page's only form, as the browser sends it when it is submitted. */
function submitted(html: string, base: string): Request | undefined {
  const form = /<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/i.exec(html);
  if (!form) return undefined;
  const fields = [...(form[2] ?? "").matchAll(/<input[^>]*>/gi)].flatMap(([input]) => {
    const name = attribute(input, "name");
    return name === undefined ? [] : [[name, attribute(input, "value") ?? ""] as [string, string]];
  });
  const action = new URL((form[1] ?? "").replaceAll("&amp;", "&"), base);
  return new Request(action.href, { method: "POST", body: new URLSearchParams(fields) });
}

function attribute(tag: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
}
