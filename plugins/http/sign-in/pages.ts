import type { Reason } from "../../../core/plugin.ts";
import type { Refusal } from "../dialect.ts";
import type { Fields } from "../message.ts";
import { titles } from "../refusal.ts";

/** Nothing of ours is framed, kept, or runs anything; a form goes to us alone. */
const careful: Fields = [
  "Cache-Control",
  "no-store",
  "Content-Security-Policy",
  "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "X-Frame-Options",
  "DENY",
  "X-Content-Type-Options",
  "nosniff",
];

/** 303 (RFC 9110, 15.4.4). What is in the address that it leads away from is told to nobody. */
export function redirect(location: string, cookies: Fields): Refusal {
  const fields = ["Location", location, "Referrer-Policy", "no-referrer", ...careful, ...cookies];
  return { head: { status: 303, reason: "See Other", fields }, body: new Uint8Array() };
}

/** Whether to sign out is asked, as a link to it may be anywhere. */
export function confirmation(): Refusal {
  return page(
    200,
    "Sign out?",
    '<form method="post"><button>Sign out</button></form><p><a href="/">Back</a></p>',
    [],
  );
}

export function signedOut(cookies: Fields): Refusal {
  const text =
    "You may still be signed in at the identity provider: who opens this page again may come in without being asked.";
  return page(200, "You are signed out.", `<p>${text}</p><p><a href="/">Sign in again</a></p>`, cookies);
}

/** A refusal for a person who was on the way to sign in. */
export function refusedPage(status: number, { code, message, hint }: Reason, cookies: Fields): Refusal {
  const more = hint === undefined ? "" : `<p>${escaped(hint)}</p>`;
  const text = `<p>${escaped(message)}</p>${more}<p><code>${escaped(code)}</code></p><p><a href="/">Sign in again</a></p>`;
  return page(status, "You are not signed in.", text, cookies);
}

function page(status: number, title: string, content: string, cookies: Fields): Refusal {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${content}\n`;
  // A form's origin is told to us, and nothing to anybody else.
  const policy = ["Content-Type", "text/html; charset=utf-8", "Referrer-Policy", "same-origin"];
  return {
    head: {
      status,
      reason: status === 200 ? "OK" : (titles[status] ?? ""),
      fields: [...policy, ...careful, ...cookies],
    },
    body: Buffer.from(html),
  };
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
