import { randomBytes } from "node:crypto";
import { PosternError } from "../../../core/plugin.ts";

/** A service account, by namespace and name. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** A DNS label, and a DNS subdomain (RFC 1123), as the API server takes them for namespaces and for service accounts. */
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** `prod/deploy`, or `deploy` in `namespace`. Throws PosternError `kubernetes.account`. */
export function accountOf(text: string, namespace: string | undefined): Account {
  const [first = "", second, ...more] = text.split("/");
  const account = second === undefined ? { namespace, name: first } : { namespace: first, name: second };
  const { name } = account;
  if (
    more.length === 0 &&
    account.namespace !== undefined &&
    label.test(account.namespace) &&
    subdomain.test(name)
  )
    return { namespace: account.namespace, name };
  throw new PosternError("kubernetes.account", `"${text}" names no service account and its namespace.`, {
    hint: 'Whoever keeps the policy writes as: "NAMESPACE/NAME", or serviceAccountToken({ namespace: "…" }).',
  });
}

/** `postern-` and 120 random bits: nobody guesses it, and nobody else has it by accident. */
export function newSecretName(): string {
  return `postern-${randomBytes(15).toString("hex")}`;
}

/** `namespace/name` of a Secret that the gateway may have made; undefined: it is not, and never touched. */
export function secretIn(what: string): Account | undefined {
  const [, namespace, name] = /^([-a-z0-9]+)\/(postern-[0-9a-f]{30})$/.exec(what) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}
