import { PosternError } from "../../core/plugin.ts";

export interface Letter {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * One attempt. Resolves when the receiver has answered 2xx; rejects with PosternError `webhook.refused` or
 * `webhook.unreachable`. The address is in no message: its path may be a secret.
 */
export async function post({ url, headers, body }: Letter, signal: AbortSignal): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "no connection";
    throw new PosternError("webhook.unreachable", `The receiver cannot be reached (${code}).`);
  }
  await response.body?.cancel();
  if (response.ok) return;
  throw new PosternError("webhook.refused", `The receiver answered ${response.status}.`);
}
