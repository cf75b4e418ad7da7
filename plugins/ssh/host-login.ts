import { type AnyAuthMethod, type ParsedKey, utils } from "ssh2";
import { PosternError, type ResourceCredential } from "../../core/plugin.ts";
import { certified } from "./certificates/key.ts";

/** How the gateway proves to the host who it is, in the order in which it tries. Throws PosternError `ssh.key`. */
export function hostLogin(
  username: string,
  credential: ResourceCredential,
  passphrase: string | undefined,
): AnyAuthMethod[] {
  const { value } = credential;
  if (/^(ssh|ecdsa|sk)-\S+ AAAA/.test(value)) throw publicHalf();
  if (!value.includes("-----BEGIN ")) return withPassword(username, value);
  const [pem = "", certificate] = value.split(/\n(?=[a-z0-9-]+-cert-v01@openssh\.com )/);
  const key = privateKey(pem, passphrase);
  return [{ type: "publickey", username, key: certificate ? certified(key, certificate) : key }];
}

function publicHalf(): PosternError {
  return new PosternError(
    "ssh.key",
    "The credential is a public key, and only a private one lets the gateway in.",
    {
      hint: "Give the file without .pub; the public half goes into the host's authorized_keys.",
    },
  );
}

/** Hosts that ask for it by PAM know no other way than one question without an echo. */
function withPassword(username: string, value: string): AnyAuthMethod[] {
  const password = value.replace(/\r?\n$/, "");
  return [
    { type: "password", username, password },
    {
      type: "keyboard-interactive",
      username,
      prompt(_name, _instructions, _language, prompts, answer) {
        answer(prompts.length === 1 && prompts[0]?.echo !== true ? [password] : []);
      },
    },
  ];
}

/** Throws PosternError `ssh.key`: nothing of what the parser says may be passed on, it has read the secret. */
export function privateKey(text: string, passphrase?: string): ParsedKey {
  const parsed: ParsedKey | ParsedKey[] | Error = utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key !== undefined && !(key instanceof Error) && key.isPrivateKey()) return key;
  const locked = key instanceof Error && /passphrase|decrypt/i.test(key.message);
  throw new PosternError(
    "ssh.key",
    locked
      ? "The private key is encrypted, and its passphrase is missing or wrong."
      : "The credential begins like a private key and is none that can be read.",
    {
      hint: locked
        ? 'Name it in the policy: ssh({ passphrase: env("…") }).'
        : "Give a private key in OpenSSH's or PEM form: ed25519, ECDSA or RSA.",
    },
  );
}
