import { resolve } from "node:path";
import type { Command } from "commander";
import type { Whoami } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import { ControlClient } from "../client.ts";
import { type GatewayFlags, type JsonFlag, type TokenFlags, tokenIn, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { gatewayUrl, methodOf } from "./gateway.ts";
import { alone } from "./refresh.ts";
import { signIn } from "./sign-in.ts";
import { readLogin, type StoredLogin, writeLogin } from "./stored.ts";

interface Flags extends JsonFlag, Pick<GatewayFlags, "ca">, Pick<TokenFlags, "tokenFile"> {
  readonly provider?: string;
  readonly device?: true;
  readonly browser?: true;
}

export function login(terminal: Terminal): Command {
  return withJson(
    command("login", {
      summary: "sign in to a gateway, with its identity provider",
      description:
        "Asks the gateway how people sign in, and does it: in your browser (authorization code with PKCE), or,\n" +
        "where there is none, with a code that you enter on another machine. The token is kept in a file that\n" +
        "only you can read, renewed while the provider allows it, and used by all commands that need to know\n" +
        "who you are.",
      examples: [
        "postern login https://gateway.example.com:8443",
        "postern login https://gateway.example.com:8443 --device",
        "postern login https://gateway.example.com:8443 --token-file ci.token",
      ],
      exits: [1, 3, 4],
    })
      .argument("[url]", "the gateway (default: $POSTERN_GATEWAY, else the one of the last login)")
      .option("--provider <name>", "which of the gateway's ways to sign in, where it has several")
      .option("--browser", "with a browser, also where none seems to be")
      .option("--device", "with a code that is entered on another machine")
      .option("--token-file <file>", "keep this token, which was got elsewhere")
      .option("--ca <file>", "PEM file of the authority of the gateway's certificate (default: $POSTERN_CA)"),
  ).action(async (url: string | undefined, flags: Flags) => {
    const gateway = gatewayFor(terminal, url, flags);
    const got = await tokensFor(terminal, gateway, flags);
    const asker = new ControlClient(gateway, terminal.signal, async () => got.token);
    const { label, identity } = await asker.get<Whoami>("/v1/whoami");
    const stored: StoredLogin = {
      gateway: gateway.url,
      ...(gateway.ca === undefined ? {} : { ca: gateway.ca }),
      ...(identity.expires === undefined ? {} : { expires: identity.expires }),
      ...got,
    };
    await alone(terminal, async () => writeLogin(terminal.env, stored));
    if (flags.json) return terminal.out(`${JSON.stringify({ gateway: gateway.url, identity })}\n`);
    terminal.out(`Signed in to ${gateway.url}: ${oneLine(label)}\n`);
  });
}

function gatewayFor({ env }: Terminal, url: string | undefined, flags: Flags) {
  const known = readLogin(env);
  const given = url ?? env.POSTERN_GATEWAY ?? known?.gateway;
  if (given === undefined) {
    throw new PosternError("cli.usage", "Which gateway?", {
      hint: "postern login https://gateway.example.com",
    });
  }
  const there = gatewayUrl(given);
  const ca = flags.ca ?? env.POSTERN_CA ?? (known?.gateway === there ? known.ca : undefined);
  return { url: there, ...(ca === undefined ? {} : { ca: resolve(ca) }) };
}

async function tokensFor(terminal: Terminal, gateway: ReturnType<typeof gatewayFor>, flags: Flags) {
  if (flags.tokenFile !== undefined) return { token: tokenIn(flags.tokenFile), obtained: Date.now() };
  const method = await methodOf(gateway, flags.provider, terminal.signal);
  const way = flags.device ? "device" : flags.browser ? "browser" : undefined;
  return { method, ...(await signIn(terminal, gateway, method, way)) };
}
