import type { PolicyBundle } from "../supervision.ts";
import { PolicyNotLoaded } from "./error.ts";

/** What the probe thread answers: that it begins, and then, when the policy is good, nothing. */
export interface ProbeAnswer {
  readonly loaded?: true;
  readonly refused?: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** Milliseconds that the thread has for loading this package, which is no fault of the policy's. */
const loadMs = 60_000;

/**
 * Evaluates a bundle in a thread first, so that an endless loop in a policy file stops nothing but itself.
 * Rejects with the error that evaluation threw, or PosternError `policy.slow` past the deadline, which begins once
 * all is loaded that the bundle does not bring along.
 */
export async function probePolicy(bundle: PolicyBundle, deadlineMs = 10_000): Promise<void> {
  const thread = new Worker(new URL("./probe.thread.ts", import.meta.url).href, { smol: true });
  const answer = Promise.withResolvers<ProbeAnswer>();
  const within = (limit: number) => setTimeout(() => answer.reject(slow(bundle, limit)), limit);
  let timer = within(loadMs);
  thread.onmessage = ({ data }: MessageEvent<ProbeAnswer>) => {
    if (!data.loaded) return answer.resolve(data);
    clearTimeout(timer);
    timer = within(deadlineMs);
  };
  thread.onerror = ({ message }) => answer.reject(refused(bundle, left(bundle, message)));
  thread.addEventListener("close", () => answer.reject(refused(bundle, ended(bundle))));
  thread.postMessage(bundle);
  try {
    const told = await answer.promise;
    if (told.refused) throw refused(bundle, told.refused);
  } finally {
    clearTimeout(timer);
    thread.terminate();
  }
}

type Refusal = NonNullable<ProbeAnswer["refused"]>;

/** What a promise or a timer of the policy file threw when evaluation was over. */
function left(bundle: PolicyBundle, message: string): Refusal {
  return {
    code: "policy.threw",
    message: `${bundle.files[0]}: ${message.split("\n", 1)[0]}`,
    hint: "Something that the policy file started failed later; start nothing in a policy file.",
  };
}

function ended(bundle: PolicyBundle): Refusal {
  return {
    code: "policy.threw",
    message: `${bundle.files[0]}: it ended the process.`,
    hint: "Throw an error instead of calling process.exit().",
  };
}

function refused(bundle: PolicyBundle, { code, message, hint }: Refusal) {
  return new PolicyNotLoaded(code, message, bundle.files, hint === undefined ? {} : { hint });
}

function slow(bundle: PolicyBundle, deadlineMs: number) {
  const message = `${bundle.files[0]}: evaluating it took longer than ${deadlineMs / 1000} s.`;
  return new PolicyNotLoaded("policy.slow", message, bundle.files, {
    hint: "Look for a loop without an end, or work that belongs outside a policy file.",
  });
}
