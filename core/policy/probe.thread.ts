import { PosternError } from "../error.ts";
import type { PolicyBundle } from "../supervision.ts";
import { evaluatePolicy } from "./evaluate.ts";
import type { ProbeAnswer } from "./probe.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<PolicyBundle>) => self.postMessage(probe(data));

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
