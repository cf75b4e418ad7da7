import { PosternError, type Reason } from "../../core/plugin.ts";

/* Why a request is refused before anything else of the gateway looks at it. */

export function tooMuchToRead(most: number): Reason {
  return {
    code: "limit.intake",
    message: `The body of this request has to be read before it may pass, and is longer than ${most} bytes.`,
    hint: "Send less at once.",
  };
}

export const tooManyToRead: Reason = {
  code: "limit.bodies",
  message:
    "Bodies of too many requests are being read, or wait with them for a person: yours, or everybody's.",
  hint: "Send fewer of them at a time.",
};

export const slowToRead: Reason = {
  code: "wire.timeout",
  message: "The body of this request has to be read before it may pass, and took too long to arrive.",
  hint: "Send it faster, or less of it at once.",
};

export const nobody: Reason = {
  code: "identity.required",
  message: "The request does not say whose it is.",
  hint: "Send `Authorization: Bearer` with a token, or with a credential of `postern credentials issue`.",
};

export const ambiguousPath: Reason = {
  code: "http.path",
  message: "Servers would not agree on what this path names.",
  hint: "Send it without empty and dot segments, and without encoded slashes.",
};

export const ambiguousLogin = new PosternError("http.login", "The request shows more than one credential.", {
  hint: "Send one `Authorization` field.",
});

export const gatewayFailed: Reason = {
  code: "gateway.failed",
  message: "The gateway failed to serve this request.",
  hint: "The operator finds the reason in the log.",
};
