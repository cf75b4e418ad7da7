import { PosternError, type Secret } from "../../../core/plugin.ts";
import { askedOfResource, HttpReach } from "../../http/kit.ts";
import type { KubernetesConfig } from "../config.ts";

/** What the cluster said: an HTTP status, and the object; `{}` where it is none. */
export interface Said {
  readonly status: number;
  readonly object: Readonly<Record<string, unknown>>;
}

/** The cluster, asked by the gateway itself, as whoever `admin` is. */
export class ClusterAdmin {
  readonly #reach: HttpReach;

  constructor(
    readonly config: KubernetesConfig,
    readonly admin: Secret | undefined,
  ) {
    this.#reach = new HttpReach(config, undefined);
  }

  /** `body`: as JSON. Rejects with PosternError `resource.*`: nobody knows whether it was done. */
  async ask(method: "GET" | "POST" | "DELETE", target: string, body?: unknown): Promise<Said> {
    const token = await this.admin?.read();
    const login = token === undefined ? [] : ["Authorization", `Bearer ${token}`];
    const fields = [
      "Accept",
      "application/json",
      "Content-Type",
      "application/json",
      "User-Agent",
      "postern",
    ];
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const { authority } = this.#reach.destination;
    const head = { method, target, authority, version: "1.1", fields } as const;
    const answer = await askedOfResource(this.#reach, () => login, head, sent);
    return { status: answer.head.status, object: objectIn(answer.body) };
  }

  close(): void {
    this.#reach.close();
  }
}

/** `tried`: what the gateway's own login was not allowed to do, or could not. Never what the cluster said in its own words. */
export function notDone(tried: string, { status }: Said): PosternError {
  const why: Readonly<Record<number, string>> = {
    401: "The cluster does not know the gateway's own login.",
    403: `The gateway's own login may not ${tried}.`,
    404: `The gateway could not ${tried}: there is no such service account or namespace.`,
  };
  return new PosternError(
    "kubernetes.admin",
    why[status] ?? `The gateway could not ${tried}: the cluster answered ${status}.`,
    {
      hint: "The operator finds what the gateway's login needs in plugins/kubernetes/README.md, A token for each session.",
    },
  );
}

function objectIn(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
