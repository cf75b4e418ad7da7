import { NotAccepted, type WebFace } from "../../core/plugin.ts";
import type { Browsers } from "./browser.ts";

/** Where the provider sends browsers back to: GET `<url>/callback`; everything else is `others`'. */
export function browserFace(browsers: Browsers, others: WebFace): Required<WebFace> {
  return {
    path: others.path,
    browser: browsers.signIn,
    async handle(request, tools) {
      const { pathname, searchParams } = new URL(request.url);
      if (!pathname.endsWith(`/${others.path}/callback`)) return others.handle(request, tools);
      if (request.method !== "GET") return new Response(null, { status: 405, headers: { allow: "GET" } });
      try {
        const location = await browsers.callback(searchParams);
        return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
      } catch (error) {
        if (!(error instanceof NotAccepted)) throw error;
        throw tools.refused(error.message);
      }
    },
  };
}
