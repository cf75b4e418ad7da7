import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { Browser as Chromium, Page } from "playwright-core";
import { needs, testWith } from "../needs.ts";
import { type OidcServer, startOidc } from "../servers/oidc.ts";
import { entriesIn } from "../trail.ts";
import { BrowserDoor, byOidc, callback, startChromium } from "./browser-door.ts";

/** Must hold 6: people with a browser, a real one, before real identity providers. */

const lacks = [needs.chromium];
let chromium: Chromium;
let oidc: OidcServer;
let door: BrowserDoor;
beforeAll(async () => {
  if (needs.chromium !== undefined) return;
  [chromium, oidc] = await Promise.all([startChromium(), startOidc({ redirectUris: [callback] })]);
  door = await BrowserDoor.open({ plugins: ["oidc"], identity: byOidc(oidc) });
}, 60_000);
afterAll(async () => {
  await chromium?.close();
  await door?.close();
  await oidc?.stop();
});

/** A person's browser, with no cookie in it. */
async function person(): Promise<Page> {
  const context = await chromium.newContext({ ignoreHTTPSErrors: true });
  return await context.newPage();
}

const heading = (page: Page) => page.textContent("h1");
const cookiesOf = async (page: Page, site = "grafana") => await page.context().cookies(door.url(site));
const loginOf = async (page: Page, site = "grafana") =>
  (await cookiesOf(page, site)).find(({ name }) => name === "__Host-postern");

describe("must hold 6: who opens a page in a browser", () => {
  testWith(...lacks)(
    "signs in on the way, comes to that page, and uses the site by a cookie",
    async () => {
      const page = await person();
      await page.goto(door.url("grafana", "/d/home?from=now#panel"));
      expect([page.url(), await heading(page)]).toEqual([
        door.url("grafana", "/d/home?from=now#panel"),
        "grafana /d/home",
      ]);
      const cookies = await cookiesOf(page);
      expect(cookies).toMatchObject([
        {
          name: "__Host-postern",
          httpOnly: true,
          secure: true,
          sameSite: "Lax",
          path: "/",
          domain: "grafana.example.test",
        },
      ]);
      const [login] = cookies;
      const opened = door.door.entries("open").at(-1);
      expect(opened).toMatchObject({ identity: { subject: "alice", resource: "grafana" } });
      // As long as what proved who it is: the provider's token lives for ten minutes.
      expect(Math.abs((login?.expires ?? 0) * 1000 - (opened?.identity.expires ?? 0))).toBeLessThan(2_000);
      expect(await page.evaluate("document.cookie")).toBe("");
    },
    30_000,
  );

  testWith(...lacks)(
    "shows the resource nothing of it: neither cookie nor token nor code",
    async () => {
      const page = await person();
      await page.goto(door.url("grafana", "/first"));
      await page.context().addCookies([{ name: "theme", value: "dark", url: door.url("grafana") }]);
      await page.goto(door.url("grafana", "/second"));
      const secret = (await loginOf(page))?.value ?? "none";
      for (const { path, headers } of door.grafana.seen) {
        const all = `${path} ${JSON.stringify(headers)}`;
        expect(all).not.toContain(secret);
        expect(all).not.toMatch(/postern|code=|eyJ/);
        expect(headers.get("authorization")).toBe("Bearer canary-site-token");
      }
      expect(door.grafana.seen.at(-1)?.headers.get("cookie")).toBe("theme=dark");
      const [id, password = "none"] = secret.split(".");
      expect([id?.slice(0, 3), door.door.logged().includes(password)]).toEqual(["pc_", false]);
      expect(JSON.stringify(entriesIn(door.door.data))).not.toContain(password);
    },
    30_000,
  );

  testWith(...lacks)(
    "signs in once more at another resource, where the first cookie counts for nothing",
    async () => {
      const page = await person();
      await page.goto(door.url("grafana"));
      await page.goto(door.url("wiki", "/start"));
      expect(await heading(page)).toBe("wiki /start");
      const [one, other] = [await loginOf(page, "grafana"), await loginOf(page, "wiki")];
      expect(one?.value).not.toBe(other?.value);
    },
    30_000,
  );

  testWith(...lacks)(
    "may open several tabs at once",
    async () => {
      const first = await person();
      const tabs = [first, ...(await Promise.all([1, 2, 3].map(() => first.context().newPage())))];
      await Promise.all(tabs.map((tab, at) => tab.goto(door.url("grafana", `/tab/${at}`))));
      expect(await Promise.all(tabs.map(heading))).toEqual(tabs.map((_, at) => `grafana /tab/${at}`));
      expect((await cookiesOf(first)).map(({ name }) => name)).toEqual(["__Host-postern"]);
    },
    30_000,
  );

  testWith(...lacks)(
    "signs out, on every page and for good, and not in a frame",
    async () => {
      const page = await person();
      await page.goto(door.url("grafana"));
      const tab = await page.context().newPage();
      await tab.goto(door.url("grafana", "/tab"));
      const { value = "" } = (await loginOf(page)) ?? {};
      await page.goto(door.url("wiki"));
      await page.setContent(
        `<iframe name="bait" src="${door.url("grafana", "/.postern/sign-out")}"></iframe>`,
      );
      await page.waitForLoadState("networkidle");
      expect(page.frame("bait")?.url()).toStartWith("chrome-error:");
      await page.goto(door.url("grafana", "/.postern/sign-out"));
      await page.click("button");
      expect(await heading(page)).toBe("You are signed out.");
      expect(await loginOf(page)).toBeUndefined();
      expect(await tab.evaluate<unknown>("fetch('/data').then(({ status }) => status)")).toBe(401);
      const stolen = await door.ask(door.authority("grafana"), "/data", {
        cookie: `__Host-postern=${value}`,
      });
      expect([stolen.status, await stolen.json()]).toEqual([
        401,
        expect.objectContaining({ code: "identity.refused" }),
      ]);
    },
    30_000,
  );

  testWith(...lacks)(
    "is sent to sign in again where access was ended; a script gets 401",
    async () => {
      const page = await person();
      await page.goto(door.url("grafana"));
      const [id = ""] = (await loginOf(page))?.value.split(".") ?? [];
      expect((await door.door.postern("credentials", "revoke", id)).code).toBe(0);
      const answer = "fetch('/data').then(async (answer) => [answer.status, (await answer.json()).code])";
      expect(await page.evaluate<unknown>(answer)).toEqual([401, "identity.refused"]);
      await page.goto(door.url("grafana", "/again"));
      expect(await heading(page)).toBe("grafana /again");
      expect((await loginOf(page))?.value.startsWith(id)).toBe(false);
    },
    30_000,
  );

  testWith(...lacks)(
    "keeps the cookie that the gateway set, whatever the resource sets",
    async () => {
      const page = await person();
      await page.goto(door.url("grafana"));
      const before = await loginOf(page);
      await page.goto(door.url("grafana", "/overwrites"));
      expect(await loginOf(page)).toEqual(before);
      expect((await cookiesOf(page)).map(({ value }) => value).sort()).toEqual(
        ["dark", before?.value ?? ""].sort(),
      );
      await page.goto(door.url("grafana", "/after"));
      expect(await heading(page)).toBe("grafana /after");
    },
    30_000,
  );
});

describe("must hold 6: what other sites make a browser do", () => {
  const post = (url: string) => `(() => {
    const form = Object.assign(document.createElement("form"), { method: "post", action: ${JSON.stringify(url)} });
    document.body.append(form);
    form.submit();
  })()`;
  const echo = (url: string) => `new Promise((said) => {
    const socket = new WebSocket(${JSON.stringify(url.replace("https", "wss"))});
    socket.onopen = () => socket.send("canary");
    socket.onmessage = ({ data }) => said(data);
    socket.onclose = () => said("closed");
  })`;

  testWith(...lacks)(
    "a sibling, to which browsers send our cookie along, changes nothing and reads nothing",
    async () => {
      const page = await person();
      await page.goto(door.url("grafana"));
      await page.goto(door.url("wiki"));
      const before = door.grafana.seen.length;
      await page.evaluate(post(door.url("grafana", "/delete")));
      await page.waitForURL(door.url("grafana", "/delete"));
      expect(await page.textContent("body")).toContain("http.cross-site");
      await page.goto(door.url("wiki"));
      await page.evaluate(
        `fetch("${door.url("grafana", "/read")}", { mode: "no-cors", credentials: "include" })`,
      );
      expect(await page.evaluate<unknown>(echo(door.url("grafana", "/socket")))).toBe("closed");
      await page.evaluate(post(door.url("grafana", "/.postern/sign-out")));
      await page.waitForURL(door.url("grafana", "/.postern/sign-out"));
      expect(await page.textContent("body")).toContain("http.cross-site");
      expect(door.grafana.seen.length).toBe(before);
      await page.goto(door.url("grafana", "/link"));
      expect(await heading(page)).toBe("grafana /link");
    },
    30_000,
  );

  testWith(...lacks)(
    "the site's own pages post and open WebSockets",
    async () => {
      const page = await person();
      await page.goto(door.url("grafana"));
      expect(await page.evaluate<unknown>(echo(door.url("grafana", "/socket")))).toBe("canary");
      await page.evaluate(post(door.url("grafana", "/save")));
      await page.waitForURL(door.url("grafana", "/save"));
      expect(await heading(page)).toBe("grafana /save");
      expect(door.grafana.seen.at(-1)?.method).toBe("POST");
    },
    30_000,
  );

  testWith(...lacks)(
    "a login that somebody else began signs nobody in",
    async () => {
      const { back } = await door.begin("grafana", "/theirs", "bob");
      const page = await person();
      await page.goto(door.url("grafana", back));
      expect(await heading(page)).toBe("You are not signed in.");
      expect(await loginOf(page)).toBeUndefined();
      await page.click("a");
      expect([await heading(page), (await loginOf(page)) !== undefined]).toEqual(["grafana /", true]);
    },
    30_000,
  );
});
