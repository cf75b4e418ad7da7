import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { type Browser as Chromium, chromium } from "playwright-core";
import { issueCertificate, makeAuthority } from "../../core/tls/authority.ts";
import { audience, Browser, type OidcServer, publicClient } from "../servers/oidc.ts";
import { WebDoor } from "./web-door.ts";

/** A request as a resource got it. */
export interface Arrived {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

/** A web service that answers every path with a page, and echoes on WebSockets. */
export class Site {
  readonly seen: Arrived[] = [];
  readonly #server;

  constructor(readonly name: string) {
    const { seen } = this;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request, server) {
        const { pathname, search } = new URL(request.url);
        const { headers, method } = request;
        // Browsers ask for it whenever they like.
        if (pathname === "/favicon.ico") return new Response(null, { status: 404 });
        seen.push({ host: name, method, path: pathname + search, headers });
        if (headers.get("upgrade") === "websocket" && server.upgrade(request)) return undefined;
        const answer = new Response(`<!doctype html><title>${name}</title><h1>${name} ${pathname}</h1>`, {
          headers: { "content-type": "text/html" },
        });
        if (pathname === "/overwrites") {
          for (const name of ["__Host-postern", "=__Host-postern", "__HOST-postern", " =\t__Host-postern"])
            answer.headers.append("set-cookie", `${name}=canary-overwritten; Secure; Path=/`);
          answer.headers.append("set-cookie", "theme=dark; Path=/");
        }
        return answer;
      },
      websocket: { message: (socket, message) => void socket.send(message) },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }
}

/** A redirect URI that the test's provider allows, with any port. */
export const callback = "http://127.0.0.1/identity/provider/callback";

/** Source of an identity provider. */
export function byOidc({ issuer }: OidcServer): string {
  const client = `browser: { clientId: "${publicClient}" }, logout: { path: "provider" }`;
  return `oidc({ issuer: "${issuer}", audience: "${audience}", ${client} }),`;
}

const suffix = "example.test";

export interface BrowserDoorOptions {
  /** Source of the one identity provider, with a comma behind it. */
  readonly identity: string;
  readonly plugins: readonly string[];
  /** In clear, as for a trial on one's own machine. */
  readonly insecure?: true;
}

/** Two sites on host names of their own and one below a path, behind one listener. */
export class BrowserDoor {
  private constructor(
    readonly door: WebDoor,
    readonly grafana: Site,
    readonly wiki: Site,
    readonly folder: string,
    readonly secure: boolean,
  ) {}

  static async open({ identity, plugins, insecure }: BrowserDoorOptions): Promise<BrowserDoor> {
    const folder = mkdtempSync(join(tmpdir(), "postern-browser-"));
    const [grafana, wiki] = [new Site("grafana"), new Site("wiki")];
    const domain = insecure ? "localhost" : suffix;
    const door = await WebDoor.open({
      plugins: [...plugins, "env", "http"],
      words: ["anyone", "group"],
      identity,
      ...(insecure ? {} : { listener: await certificates(folder) }),
      // So that failures of one test make no other one wait.
      further: "web: { host: '127.0.0.1', port: 0, insecure: true }, limits: { loginDelay: '1ms' },",
      resources: `
        grafana: http({ url: "${grafana.url}", hosts: ["grafana.${domain}", "*.wild.${domain}"], credential: env("SITE_TOKEN") }),
        wiki: http({ url: "${wiki.url}", hosts: ["wiki.${domain}"] }),
        api: http({ url: "${wiki.url}" }),
      `,
      rules: `
        { who: group("support", "staff"), on: ["grafana", "api"], may: "all" },
        { who: group("support", "staff"), on: "wiki", may: "all", lifetime: "2m" },
      `,
      environment: { SITE_TOKEN: "canary-site-token" },
    });
    return new BrowserDoor(door, grafana, wiki, folder, !insecure);
  }

  /** `grafana.example.test:port`. */
  authority(site: string): string {
    return `${site}.${this.secure ? suffix : "localhost"}:${this.door.port}`;
  }

  url(site: string, path = "/"): string {
    return `${this.secure ? "https" : "http"}://${this.authority(site)}${path}`;
  }

  /** Where the gateway itself answers. */
  get web(): string {
    const [, port] = /"protocol":"web"[^}]*"port":(\d+)/.exec(this.door.logged()) ?? [];
    return `http://127.0.0.1:${port}`;
  }

  /** A request as it is written, without a browser that would know better. `host`: `Host`, as it is sent. */
  ask(host: string, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
    return fetch(`${this.secure ? "https" : "http"}://127.0.0.1:${this.door.port}${path}`, {
      method,
      redirect: "manual",
      headers: { ...headers, host },
      tls: { rejectUnauthorized: false },
    });
  }

  /** The head of the answer to a page's path, as it is written: fetch would tidy it up. */
  async head(host: string, path: string, cookie: string): Promise<string> {
    const socket = connect({ port: this.door.port, host: "127.0.0.1", rejectUnauthorized: false });
    const fields = `Host: ${host}\r\nAccept: text/html\r\nCookie: ${cookie}\r\nConnection: close`;
    socket.end(`GET ${path} HTTP/1.1\r\n${fields}\r\n\r\n`);
    const [head = ""] = (await text(socket)).split("\r\n\r\n");
    return head;
  }

  /** What a browser sends that opens a page. */
  open(host: string, path: string, cookie = ""): Promise<Response> {
    return this.ask(host, path, {
      accept: "text/html",
      "sec-fetch-mode": "navigate",
      ...(cookie ? { cookie } : {}),
    });
  }

  /** A login as far as the way back: its cookie, and path and query of the page that would finish it. */
  async begin(site: string, path = "/", account = "alice"): Promise<{ cookie: string; back: string }> {
    const sent = await this.open(this.authority(site), path);
    if (sent.status !== 303) throw new Error(`not sent to sign in: ${sent.status} ${await sent.text()}`);
    const to = sent.headers.get("location") ?? "";
    const { url } = await new Browser(account).visit(to, this.url(site, "/.postern/"));
    const { pathname, search } = new URL(url);
    return { cookie: cookieOf(sent), back: pathname + search };
  }

  /** The login cookie of a person who has signed in. */
  async signIn(site: string): Promise<string> {
    const { cookie, back } = await this.begin(site);
    const answer = await this.open(this.authority(site), back, cookie);
    if (answer.status !== 303) throw new Error(await answer.text());
    return cookieOf(answer);
  }

  async close(): Promise<void> {
    await this.door.close();
    await Promise.all([this.grafana.close(), this.wiki.close()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `name=value` of the first cookie that an answer sets. */
export function cookieOf(answer: Response): string {
  return answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

const executablePath = "/usr/bin/chromium";

export async function startChromium(): Promise<Chromium> {
  return await chromium.launch({
    executablePath,
    args: [
      ...[
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
      ],
      ...["--disable-background-networking", "--disable-component-update"],
      `--host-resolver-rules=MAP *.${suffix} 127.0.0.1`,
    ],
  });
}

/** One certificate a site, by SNI. */
async function certificates(folder: string): Promise<string> {
  const authority = await makeAuthority("test", 1);
  const pair = async (name: string) => {
    const { cert, key } = await issueCertificate(authority, { names: [name], use: "server", days: 1 });
    const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key, { mode: 0o600 });
    return files;
  };
  const names = [`grafana.${suffix}`, `wiki.${suffix}`];
  const byName = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await pair(name)])));
  return `tls: ${JSON.stringify({ ...(await pair("127.0.0.1")), names: byName })}`;
}
