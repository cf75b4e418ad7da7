import { NotAccepted, type WebFace, type WebTools } from "../../core/plugin.ts";
import { Logins } from "./login.ts";
import { logOut } from "./logout.ts";
import { ServiceProvider } from "./service-provider.ts";
import type { Terms } from "./terms.ts";
import type { Tokens } from "./tokens.ts";

type Answer = (request: Request, tools: WebTools) => Promise<Response> | Response;

/** What browsers and the command line reach below `/identity/<path>/`. */
export function samlFace(terms: Terms, tokens: Tokens): Required<WebFace> {
  const logins = new Logins(terms, tokens);
  const answers: Readonly<Record<string, Answer>> = {
    "GET metadata": (_request, { url }) =>
      new Response(new ServiceProvider(terms, url).metadata(), {
        headers: { "content-type": "application/samlmetadata+xml" },
      }),
    "GET login": async ({ url }, tools) => redirect(await logins.begin(new URL(url).searchParams, tools)),
    "POST acs": async (request, tools) => redirect(await logins.answer(request, tools)),
    "POST slo": async (request, tools) => {
      const back = await logOut(request, terms, tools);
      return back === undefined ? new Response("You are signed out.") : redirect(back);
    },
    "POST token": async (request) =>
      Response.json(await logins.token(request), { headers: { "cache-control": "no-store" } }),
  };
  return {
    path: terms.path,
    browser: logins.browser,
    async handle(request, tools) {
      const { pathname } = new URL(request.url);
      const name = `${request.method} ${pathname.slice(pathname.lastIndexOf("/") + 1)}`;
      const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
      if (!answer) return new Response(null, { status: 404 });
      try {
        return await answer(request, tools);
      } catch (error) {
        // A parser that stumbles over what strangers send has failed a check like any other.
        throw tools.refused(error instanceof NotAccepted ? error.message : `saml: ${String(error)}`);
      }
    },
  };
}

/** 303, so that what was posted to us is not posted on (RFC 9110 15.4.4). */
function redirect(location: string): Response {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
}
