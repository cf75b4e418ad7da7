import {
  type Duration,
  milliseconds,
  type Notice,
  type NoticeType,
  type Notifier,
  noticeTypes,
  onlyKnown,
  PosternError,
  type Secret,
} from "../../core/plugin.ts";
import { post } from "./post.ts";
import { signature, signingKey } from "./sign.ts";

export interface WebhookOptions {
  /** Where to POST: `https:`, or `http:` on this machine. */
  readonly url: string;
  /** A Standard Webhooks secret, `whsec_…`, which the receiver has too. */
  readonly secret: Secret;
  /** Default: all but `login.refused`. */
  readonly events?: readonly [NoticeType, ...NoticeType[]];
  /** How long one attempt may take. Default 10s. */
  readonly timeout?: Duration;
  /** How long to wait before each further attempt. Default 1s, 5s, 30s, 2m, 10m. */
  readonly retry?: readonly Duration[];
}

/**
 * Posts what happens to holds, and what is refused, to an address of yours, signed as Standard Webhooks asks.
 *
 *     notify: [webhook({ url: "https://hooks.example.com/postern", secret: env("HOOK_SECRET") })]
 *
 * Throws PosternError `webhook.url`, `policy.duration`, `policy.option`; opening throws `webhook.secret`, `secret.unavailable`.
 */
export function webhook(options: WebhookOptions): Notifier {
  onlyKnown<WebhookOptions>("webhook", options, {
    url: true,
    secret: true,
    events: true,
    timeout: true,
    retry: true,
  });
  const { secret, events = noticeTypes.filter((type) => type !== "login.refused") } = options;
  const { retry = ["1s", "5s", "30s", "2m", "10m"], timeout = "10s" } = options;
  const url = addressOf(options.url);
  return {
    name: `webhook ${url.host}`,
    events,
    retry: retry.map(milliseconds),
    timeout: milliseconds(timeout),
    async open() {
      signingKey(await secret.read());
      return {
        async deliver(notice, signal) {
          // Read for each attempt: one that is rotated counts from then on.
          const key = signingKey(await secret.read());
          const body = JSON.stringify(payloadOf(notice));
          const timestamp = Math.floor(Date.now() / 1000);
          const headers = {
            "content-type": "application/json",
            "user-agent": "postern",
            "webhook-id": notice.id,
            "webhook-timestamp": String(timestamp),
            "webhook-signature": signature(key, notice.id, timestamp, body),
          };
          await post({ url: url.href, headers, body }, signal);
        },
      };
    },
  };
}

/** Standard Webhooks, "Payload structure": type, timestamp (ISO 8601) and data. */
function payloadOf({ type, time, data }: Notice): object {
  const shown = {
    ...data,
    ...("expires" in data ? { expires: iso(data.expires) } : {}),
    ...("until" in data ? { until: iso(data.until) } : {}),
  };
  return { type, timestamp: iso(time), data: shown };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url !== undefined && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  const anonymous = url?.username === "" && url.password === "";
  if (url && anonymous && (url.protocol === "https:" || (url.protocol === "http:" && local))) return url;
  // Not quoted: the path of such an address may be a secret.
  throw new PosternError("webhook.url", "webhook() cannot post to its `url`.", {
    hint: 'Write "https://host/path", without user and password; "http://" only to this machine.',
  });
}
