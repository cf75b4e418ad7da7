import { NotAccepted, PosternError, type Reason } from "../../../core/plugin.ts";
import { isByCookie, shownBy } from "../callers.ts";
import type { CallerConnection } from "../connection.ts";
import type { Refusal } from "../dialect.ts";
import type { Exchange } from "../exchange.ts";
import { pendingPath } from "../holds/pending.ts";
import type { CanonicalPath } from "../path.ts";
import { statusOf } from "../refusal.ts";
import type { Route } from "../route.ts";
import { type CookieNames, cookieNames, cookiesIn, setCookie } from "./cookies.ts";
import { isCrossSite, isNavigation, signInOrigin } from "./origin.ts";
import { confirmation, redirect, refusedPage, signedOut } from "./pages.ts";

/** What a resource that browsers use never sees: the gateway's own pages. */
const ownPages = "/.postern";
const signedIn = `${ownPages}/signed-in`;
const signOut = `${ownPages}/sign-out`;

/** Seconds that a login may take. */
const longestLogin = 600;
/** Logins that one browser may have begun: tabs. */
const mostBegun = 8;
/** Characters of path and query to come back to; from a longer one people come back to the beginning. */
const longestPath = 2048;
/** Characters of a login's `state` in the name of its cookie. */
const marked = 16;

export const crossSite: Reason = {
  code: "http.cross-site",
  message: "Another site had your browser send this request in your name.",
  hint: "Use the resource's own pages; scripts send `Authorization: Bearer`.",
};

/** Whether the path, decoded, is one of these pages; those of requests that wait for a person are not for browsers alone. */
export function isOwnPage(path: string): boolean {
  return path === ownPages || (path.startsWith(`${ownPages}/`) && !path.startsWith(pendingPath));
}

/** Sends somebody to sign in who came without a login. undefined: this is nobody who could. */
export async function beginSignIn(
  exchange: Exchange,
  route: Route,
  { door }: CallerConnection,
): Promise<Refusal | undefined> {
  const origin = isNavigation(exchange) ? signInOrigin(exchange, route, door) : undefined;
  if (origin === undefined) return undefined;
  const { target, fields } = exchange.request;
  const path = target.length > longestPath ? "/" : target;
  const login = await door.browser.begin({
    resource: route.resource,
    redirectUri: `${origin}${signedIn}`,
    path,
  });
  if (!login) return undefined;
  const names = namesFor(exchange);
  const begun = cookiesIn(fields).flatMap(([name]) => (name.startsWith(names.begun) ? [name] : []));
  return redirect(login.to, [
    ...setCookie(`${names.begun}${login.state.slice(0, marked)}`, login.verifier, longestLogin, names),
    ...gone(begun.slice(0, Math.max(0, begun.length + 1 - mostBegun)), names),
  ]);
}

/** Answers one of the gateway's own pages. Throws PosternError. */
export async function ownPage(
  exchange: Exchange,
  route: Route,
  connection: CallerConnection,
  { path, query }: CanonicalPath,
): Promise<Refusal> {
  const { method } = exchange.request;
  if (path === signedIn && method === "GET") return await finish(exchange, route, connection, query);
  if (path === signOut && method === "GET") return confirmation();
  if (path === signOut && method === "POST") return await end(exchange, connection);
  throw new PosternError("resource.unknown", `The gateway has no page ${path.slice(0, 100)} for ${method}.`);
}

/** `GET /.postern/signed-in`: back from the identity provider. */
async function finish(
  exchange: Exchange,
  route: Route,
  { door }: CallerConnection,
  query: string,
): Promise<Refusal> {
  const names = namesFor(exchange);
  const [state, code] = [only(query, "state"), only(query, "code")];
  const name = `${names.begun}${state.slice(0, marked)}`;
  const [verifier = "", ...more] = cookiesIn(exchange.request.fields).flatMap(([each, value]) =>
    each === name ? [value] : [],
  );
  const cookies = verifier === "" ? [] : gone([name], names);
  try {
    const origin = signInOrigin(exchange, route, door) ?? "";
    const login = await door.browser.finish({
      ...{ resource: route.resource, redirectUri: `${origin}${signedIn}`, state, code },
      // Also where another browser began it: whatever it leads to is over then.
      verifier: more.length === 0 ? verifier : "",
    });
    const seconds = Math.floor((login.expires - Date.now()) / 1000);
    return redirect(`${origin}${login.path}`, [
      ...setCookie(names.login, login.credential, Math.max(0, seconds), names),
      ...cookies,
    ]);
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return refusedPage(statusOf(error.reason), error.reason, cookies);
  }
}

/** `POST /.postern/sign-out`, from our own page alone. */
async function end(exchange: Exchange, { door, callers }: CallerConnection): Promise<Refusal> {
  if (isCrossSite(exchange)) throw new PosternError(crossSite.code, crossSite.message, crossSite);
  const names = namesFor(exchange);
  const shown = shownBy(exchange.request, names.login);
  if (isByCookie(shown)) {
    const identity = await callers.identify(shown).catch(noGoodAnyMore);
    callers.forget();
    if (identity) await door.browser.signOut(identity);
  }
  return signedOut(gone([names.login], names));
}

/** Such a cookie is taken away all the same; where nobody can tell, nobody is told that they are signed out. */
function noGoodAnyMore(error: unknown): undefined {
  if (!(error instanceof PosternError && error.cause instanceof NotAccepted)) throw error;
}

/** "": it is not there, or more than once. */
function only(query: string, name: string): string {
  const [value = "", ...more] = new URLSearchParams(query).getAll(name);
  return more.length === 0 ? value : "";
}

function namesFor({ caller }: Exchange): CookieNames {
  return cookieNames(caller.encrypted);
}

function gone(cookies: readonly string[], names: CookieNames): string[] {
  return cookies.flatMap((name) => setCookie(name, "", 0, names));
}
