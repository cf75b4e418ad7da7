import { afterAll, beforeAll, describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientChannel, type ConnectConfig } from "ssh2";
import { needs, testWith } from "../needs.ts";
import { audience, type OidcServer, publicClient, startOidc } from "../servers/oidc.ts";
import { SshDoor } from "./ssh-door.ts";

const lacks = [needs.openssh];

describe("ssh: callers that are not who they seem", () => {
  let door: SshDoor;
  let provider: OidcServer;
  beforeAll(async () => {
    if (needs.openssh) return;
    provider = await startOidc();
    door = await SshDoor.open({
      server: { users: ["ops", "deploy"] },
      identity: `oidc({ issuer: "${provider.issuer}", audience: "${audience}", login: { clientId: "${publicClient}" } }),`,
      rules: `{ who: group("support"), on: "*", may: "all" }`,
      resources: ({ port, hostKey, user }) =>
        `other: ssh({ host: "127.0.0.1", port: ${port}, user: "${user.name}", hostKey: "${hostKey}", credential: env("BASTION_KEY") }),
         orders: postgres({ host: "127.0.0.1", port: 1, database: "orders", credential: env("BASTION_KEY") }),`,
      before: 'import { postgres } from "postern/plugins";',
    });
  }, 60_000);
  afterAll(async () => {
    await door?.close();
    await provider?.stop();
  });

  const key = () => readFileSync(join(door.folder, "alice"));
  let addresses = 0;

  /** What ran, or why nothing did; each from an address of its own, since who fails often waits. */
  async function attempt(
    config: ConnectConfig,
    prepare: (client: Client) => void = () => {},
  ): Promise<string> {
    const client = new Client();
    let said = "closed";
    const debug = (text: string) => {
      said = /Received DISCONNECT \(11, "([a-z.-]+)/.exec(text)?.[1] ?? said;
    };
    return await new Promise((resolve) => {
      client.once("ready", () => {
        client.exec("echo ran", (error, channel: ClientChannel | undefined) => {
          if (error || !channel) return;
          channel.on("data", (bytes: Buffer) => {
            said = bytes.toString().trim();
          });
          channel.once("close", () => client.end());
        });
      });
      client.on("error", () => {}).once("close", () => resolve(said));
      prepare(client);
      const localAddress = `127.0.2.${++addresses}`;
      client.connect({
        host: "127.0.0.1",
        port: door.port,
        username: "bastion",
        debug,
        localAddress,
        ...config,
      });
    });
  }

  async function issued(subject: string, resource: string): Promise<string> {
    const token = await door.token(subject, "support");
    const { stdout, stderr } = await door.postern(
      "credentials",
      "issue",
      resource,
      "--token",
      token,
      "--json",
    );
    if (!stdout.trim().startsWith("{")) throw new Error(`${stdout}${stderr}`);
    const { user, password } = JSON.parse(stdout) as { user: string; password: string };
    return `${user}:${password}`;
  }

  testWith(...lacks)("a credential for one resource opens no other, whatever its protocol", async () => {
    const [mine, theirs, database] = [
      await issued("erin", "bastion"),
      await issued("erin", "other"),
      await issued("erin", "orders"),
    ];
    expect(await attempt({ password: mine })).toBe("ran");
    expect(await attempt({ password: theirs })).not.toBe("ran");
    expect(await attempt({ password: database })).not.toBe("ran");
    expect(await attempt({ password: theirs, username: "other" })).toBe("ran");
    expect(await attempt({ password: mine, username: "other" })).not.toBe("ran");
    const opened = door.entries("open").map(({ resource }) => resource);
    expect(opened).toEqual(["bastion", "other"]);
  });

  const names = [
    "ops+bastion+x",
    "bastion+",
    "+",
    "bastion\0",
    "bastion%00",
    "bastion ",
    " bastion",
    "BASTION",
    "b\u0430stion",
    "bastion\n",
    "\u202ebastion",
    "\x1b]0;owned\x07\x1b[31mbastion",
    "../bastion",
    "__proto__",
    "constructor",
    "a".repeat(30_000),
    "",
  ];
  for (const username of names) {
    testWith(...lacks)(
      `a user name that is nearly one: ${JSON.stringify(username.slice(0, 30))}`,
      async () => {
        const before = door.entries("open").length;
        const answer = await attempt({ username, privateKey: key() });
        expect(answer).not.toBe("ran");
        expect(door.entries("open")).toHaveLength(before);
      },
    );
  }

  testWith(...lacks)("what was in those names writes nothing onto an operator's terminal", async () => {
    const shown = await door.postern("audit", "query");
    expect(shown.stdout).toContain("\\x1b]0;owned");
    // Of columns that others follow nothing is as wide as its caller likes.
    expect(shown.stdout.split("\n").filter((line) => line.length > 1000).length).toBeLessThanOrEqual(2);
    for (const strange of ["\x1b", "\x07", "\u202e", "\0"]) expect(shown.stdout).not.toContain(strange);
    for (const strange of ["\x1b", "\x07", "\0"]) expect(door.gateway.logged()).not.toContain(strange);
  });

  testWith(...lacks)("a login that nobody lists", async () => {
    expect(await attempt({ username: "root+bastion", privateKey: key() })).not.toBe("ran");
    expect(await attempt({ username: "+bastion", privateKey: key() })).toBe("ran");
  });

  describe("keyboard-interactive", () => {
    const keyboard = (answers: (prompts: number) => string[]) => (client: Client) => {
      client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) =>
        finish(answers(prompts.length)),
      );
    };
    const interactive: ConnectConfig = {
      tryKeyboard: true,
      authHandler: ["keyboard-interactive"],
      readyTimeout: 10_000,
    };

    testWith(...lacks)("a token as the one answer", async () => {
      const token = await door.token("erin", "support");
      expect(
        await attempt(
          interactive,
          keyboard(() => [token]),
        ),
      ).toBe("ran");
    });

    testWith(...lacks)("more answers than questions, of which one is good, let nobody in", async () => {
      const token = await door.token("erin", "support");
      for (const answers of [["bad", token], Array.from({ length: 2000 }, () => "x")]) {
        expect(
          await attempt(
            interactive,
            keyboard((prompts) => (prompts > 0 ? answers : [])),
          ),
        ).not.toBe("ran");
      }
    });

    testWith(...lacks)("answers before any question, and twice", async () => {
      const token = await door.token("erin", "support");
      interface Early {
        readonly _protocol: { authInfoRes(answers: string[]): void };
      }
      const early = (client: Client) => {
        client.once("handshake", () => {
          for (let sent = 0; sent < 3; sent++) (client as unknown as Early)._protocol.authInfoRes([token]);
        });
        keyboard(() => ["bad"])(client);
      };
      expect(await attempt(interactive, early)).not.toBe("ran");
    });
  });

  testWith(...lacks)("who changes the user name in the midst of a login is hung up on", async () => {
    interface Protocol {
      authPK(user: string, ...more: unknown[]): void;
    }
    let asked = 0;
    const switching = (client: Client) => {
      client.once("handshake", () => {
        const { _protocol: protocol } = client as unknown as { readonly _protocol: Protocol };
        const plain = protocol.authPK.bind(protocol);
        // The first message asks for `other`, the signed one is for `bastion`, as it says itself.
        protocol.authPK = (user, ...more) => plain(asked++ === 0 ? "other" : user, ...more);
      });
    };
    const before = door.entries("open").length;
    expect(await attempt({ privateKey: key() }, switching)).not.toBe("ran");
    expect(asked).toBeGreaterThan(0);
    expect(door.entries("open")).toHaveLength(before);
  });
});
