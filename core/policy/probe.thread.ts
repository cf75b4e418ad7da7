import { PosternError } from "../error.ts";
import type { PolicyBundle } from "../supervision.ts";
import { evaluatePolicy, loadHostModules } from "./evaluate.ts";
import type { ProbeAnswer } from "./probe.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<PolicyBundle>) => {
  loadHostModules(data);
  self.postMessage({ loaded: true } satisfies ProbeAnswer);
  const answer = probe(data);
  // One turn later: a promise that the policy file left rejected would end the gateway, and ends the thread.
  setTimeout(() => self.postMessage(answer), 0);
};

function probe(bundle: PolicyBundle): ProbeAnswer {
  try {
    evaluatePolicy(bundle);
    return {};
  } catch (error) {
    if (!(error instanceof PosternError))
      return { refused: { code: "policy.threw", message: String(error) } };
    const { code, message, hint } = error.reason;
    return { refused: { code, message, ...(hint === undefined ? {} : { hint }) } };
  }
}
