import { PosternError } from "../../../core/plugin.ts";

/** What came breaks the protocol that carries an exec's or a port-forward's streams, or a bound. Ends that tunnel. */
export function streamFault(what: string, cause?: unknown): PosternError {
  return new PosternError(
    "kubernetes.stream",
    `What came over the upgraded connection cannot be carried: ${what}.`,
    {
      hint: "Use kubectl, or a client library of Kubernetes.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
