import { type Ended, NotAccepted, type WebFace, type WebTools } from "../../core/plugin.ts";
import type { Keys } from "./keys.ts";
import { type Logout, type LogoutTerms, logoutIn } from "./logout-token.ts";

export interface LogoutFaceTerms extends LogoutTerms {
  readonly path: string;
  readonly ends: "subject" | "session";
}

/** Bytes; a logout token has about a thousand. */
const largest = 32_768;

/** Where the provider tells of a logout: POST `<url>/logout` (OpenID Connect Back-Channel Logout 1.0, 2.5). */
export function logoutFace(keys: Keys, terms: LogoutFaceTerms): WebFace {
  /** Tokens whose end could not be written down: the provider may bring them again. */
  const unfinished = new Set<string>();
  return {
    path: terms.path,
    async handle(request, tools) {
      if (!new URL(request.url).pathname.endsWith(`/${terms.path}/logout`)) return answer(404);
      if (request.method !== "POST") return answer(405);
      try {
        const logout = await logoutIn(await tokenIn(request), keys, terms);
        if (!unfinished.has(logout.id) && !(await tools.first(`logout ${logout.id}`, logout.until))) {
          throw new NotAccepted("oidc: this logout token was shown before.");
        }
        unfinished.add(logout.id);
        await end(logout, terms, tools);
        unfinished.delete(logout.id);
        return answer(200);
      } catch (error) {
        if (!(error instanceof NotAccepted)) throw error;
        return answer(400, {
          error: "invalid_request",
          error_description: tools.refused(error.message).message,
        });
      }
    },
  };
}

async function end(logout: Logout, terms: LogoutFaceTerms, tools: WebTools): Promise<void> {
  const { issuer } = terms;
  await tools.end({
    of: ended(logout, terms),
    reason: { code: "access.logged-out", message: `Signed out at ${issuer}.`, hint: "Sign in again." },
    by: `oidc ${issuer}`,
  });
}

/**
 * Where a token names both, its login session alone would be too little with a provider whose access tokens do
 * not name theirs: unless the policy says that they do, all of that person's access ends.
 */
function ended({ session, subject }: Logout, { issuer, ends }: LogoutFaceTerms): Ended {
  if (session !== undefined && (ends === "session" || subject === undefined)) {
    return { kind: "login", issuer, session };
  }
  return { kind: "identity", issuer, subject: subject ?? "" };
}

/** Throws NotAccepted where there is none. */
async function tokenIn(request: Request): Promise<string> {
  const text = await request.text();
  const token = text.length > largest ? null : new URLSearchParams(text).get("logout_token");
  if (!token) throw new NotAccepted("oidc: the request has no logout_token.");
  return token;
}

function answer(status: number, body?: object): Response {
  const headers = { "cache-control": "no-store" };
  return body ? Response.json(body, { status, headers }) : new Response(null, { status, headers });
}
