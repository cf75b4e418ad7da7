import { randomBytes } from "node:crypto";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ClientAccess,
  type ClientLaunch,
  type KnownClient,
  PosternError,
  toldOf,
} from "../../core/plugin.ts";
import { hostKeys } from "./host-keys.ts";

/** What the gateway tells of itself; `prepare` makes ssh's own arguments of it. */
const variables = [
  "POSTERN_SSH_HOST",
  "POSTERN_SSH_PORT",
  "POSTERN_SSH_USER",
  "POSTERN_SSH_HOST_KEYS",
  "POSTERN_SSH_PASSWORD",
] as const;
type Told = Readonly<Record<(typeof variables)[number], string>>;

/** ssh, by the gateway's own host keys and with a password that is in its environment alone. */
export async function client({
  resource,
  host,
  port,
  user,
  password,
  dataDir,
}: ClientAccess): Promise<ClientLaunch> {
  const { current, next } = await hostKeys(dataDir);
  const keys = [current, next].map((key) => `ssh-ed25519 ${key.public.toString("base64")}`);
  return {
    command: ["ssh"],
    environment: {
      POSTERN_SSH_HOST: host,
      POSTERN_SSH_PORT: String(port),
      POSTERN_SSH_USER: resource,
      POSTERN_SSH_HOST_KEYS: keys.join("\n"),
      POSTERN_SSH_PASSWORD: `${user}:${password}`,
    } satisfies Told,
  };
}

/**
 * Gives out the password where the question is about this gateway: another ssh on the way there (ProxyJump) asks for
 * another host, and gets none. No secret is in the file.
 */
const askpass = `#!/bin/sh
test "$1" = "$POSTERN_SSH_PROMPT" && printf '%s\\n' "$POSTERN_SSH_PASSWORD"
`;

/** What a gateway elsewhere may have started here. OpenSSH takes a password from a program only, from 8.4 on. */
export const knownClient: KnownClient = {
  program: "ssh",
  variables,
  prepare(given, args, folder) {
    takesPasswords();
    const { host, port, user, keys, password } = checked(given);
    // Whom the gateway is to this one run, also in the question for the password.
    const alias = `postern-${randomBytes(6).toString("hex")}`;
    const known = join(folder, "known_hosts");
    writeFileSync(known, keys.map((key) => `${alias} ${key}\n`).join(""));
    const asks = join(folder, "askpass");
    writeFileSync(asks, askpass);
    chmodSync(asks, 0o700);
    const options = {
      User: user,
      Port: port,
      HostKeyAlias: alias,
      UserKnownHostsFile: known,
      GlobalKnownHostsFile: "none",
      StrictHostKeyChecking: "yes",
      UpdateHostKeys: "no",
      CheckHostIP: "no",
      PreferredAuthentications: "password",
      PasswordAuthentication: "yes",
      PubkeyAuthentication: "no",
      NumberOfPasswordPrompts: "1",
      BatchMode: "no",
      ControlPath: "none",
    };
    const own = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    return {
      command: ["ssh", ...own, host, ...args],
      environment: {
        SSH_ASKPASS: asks,
        SSH_ASKPASS_REQUIRE: "force",
        POSTERN_SSH_PROMPT: `${user.slice(0, 30)}@${alias}'s password: `,
        POSTERN_SSH_PASSWORD: password,
      },
    };
  },
};

/** What a gateway elsewhere tells is no option of ssh's, nor more than it may be. Throws PosternError `connect.unknown-client`. */
function checked(given: Readonly<Record<string, string>>) {
  const wanted = (name: keyof Told, form: RegExp) => toldOf(given, name, form);
  return {
    host: wanted("POSTERN_SSH_HOST", /^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,127}$/),
    port: wanted("POSTERN_SSH_PORT", /^[0-9]{1,5}$/),
    user: wanted("POSTERN_SSH_USER", /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/),
    keys: wanted(
      "POSTERN_SSH_HOST_KEYS",
      /^ssh-ed25519 [A-Za-z0-9+/=]+(\nssh-ed25519 [A-Za-z0-9+/=]+)*$/,
    ).split("\n"),
    password: wanted("POSTERN_SSH_PASSWORD", /^[\x21-\x7e]+$/),
  };
}

/** Throws PosternError `connect.command`, `connect.ssh`. */
function takesPasswords(): void {
  const found = Bun.which("ssh");
  if (found === null) {
    throw new PosternError("connect.command", "There is no command ssh here.", {
      hint: "Install OpenSSH's client.",
    });
  }
  const said = Bun.spawnSync([found, "-V"]).stderr.toString();
  const [, major = 0, minor = 0] = /^OpenSSH(?:_for_Windows)?_(\d+)\.(\d+)/.exec(said)?.map(Number) ?? [];
  if (major > 8 || (major === 8 && minor >= 4)) return;
  throw new PosternError("connect.ssh", "The ssh of this machine takes no password from a program.", {
    hint: "Use OpenSSH 8.4 or newer, or get a credential with `postern credentials issue` and type it in.",
  });
}
