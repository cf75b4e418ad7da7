import { createHmac } from "node:crypto";
import { PosternError } from "../../core/plugin.ts";

/**
 * The key in a Standard Webhooks secret: `whsec_` and 24 to 64 bytes as base64. Throws PosternError
 * `webhook.secret`, without the secret.
 */
export function signingKey(secret: string): Buffer {
  const text = secret.replace(/^whsec_/, "");
  const key = Buffer.from(text, "base64");
  if (secret.startsWith("whsec_") && key.toString("base64") === text && key.length >= 24 && key.length <= 64)
    return key;
  throw new PosternError("webhook.secret", "The secret is no Standard Webhooks secret.", {
    hint: "Make one with: echo whsec_$(openssl rand -base64 32)",
  });
}

/**
 * Standard Webhooks, "Verifying webhook authenticity": `v1,` and the base64 HMAC-SHA256 of id, timestamp
 * (seconds) and payload, joined by dots.
 */
export function signature(key: Buffer, id: string, timestamp: number, payload: string): string {
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.${payload}`, "utf8").digest("base64");
  return `v1,${mac}`;
}
