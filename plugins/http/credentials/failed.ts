import { PosternError } from "../../../core/plugin.ts";

/** `why` is never built from a secret, nor from what another side says in its own words. */
export function failed(why: string): PosternError {
  return new PosternError("credential.failed", `The resource's credential could not be made: ${why}.`, {
    hint: "Try again in a moment; if it stays, ask whoever keeps the policy.",
  });
}

export function unfit(source: string, why: string): PosternError {
  return new PosternError("resource.config", `${source}(): ${why}.`, {
    hint: "The plugin's page has an example.",
  });
}
