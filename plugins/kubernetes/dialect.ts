import type { Answer } from "../../core/plugin.ts";
import { type Asked, type Dialect, fieldsOf, type RequestHead, without } from "../http/kit.ts";
import type { KubernetesConfig } from "./config.ts";
import { login } from "./login.ts";
import { read } from "./reading.ts";
import { classifyTarget, isRefused } from "./request/index.ts";
import { statusObject } from "./status.ts";
import { tunnel } from "./tunnel/index.ts";

const emits = ["operation", "document", "stream", "text", "wire", "deadline", "intake"] as const;
export type Emits = (typeof emits)[number];

/** What kube-apiserver's requests and answers mean. */
export const dialect: Dialect<KubernetesConfig, "kubernetes"> = {
  name: "kubernetes",
  emits,
  read,
  login,
  negotiate,
  isSequence,
  strips: (name) => name.startsWith("impersonate-") || name.startsWith("x-remote-"),
  refusal: (status, reason, session) => statusObject(status, reason, session),
  tunnel,
};

const accept = new Set(["accept"]);

/** Of the encodings that the caller takes those that a guardrail can read: JSON, whatever it is `as` (a Table). */
function negotiate(head: RequestHead, answer: Answer): RequestHead {
  if (!answer.document) return head;
  const taken = fieldsOf(head.fields, "accept").flatMap((value) => value.split(","));
  const json = taken.map((each) => each.trim()).filter((each) => /^application\/json\b/i.test(each));
  const wanted = json.length === 0 ? "application/json" : json.join(",");
  return { ...head, fields: [...without(head.fields, accept), "Accept", wanted] };
}

function isSequence({ head, target }: Asked): boolean {
  const classified = classifyTarget(head.method, target);
  return !isRefused(classified) && classified.info.verb === "watch";
}
