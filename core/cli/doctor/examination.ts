import type { ExaminationAnswer } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import type { ControlClient } from "../client.ts";
import { bypassesOf } from "./bypasses.ts";
import { type Finding, fail } from "./finding.ts";

/** What one resource says of itself, of the gateway's login there, and of logins that go around it. */
export async function examinationOf(resource: string, client: ControlClient): Promise<Finding[]> {
  const check = `resource ${resource}`;
  const path = `/v1/resources/${encodeURIComponent(resource)}/examination`;
  try {
    const { found } = await client.get<ExaminationAnswer>(path);
    // Who says something of itself may know nothing of logins.
    const logins = await bypassesOf(resource, client, { mayNotKnow: found.length > 0 });
    return [...found.map((one) => ({ check, ...one })), ...logins];
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return [fail(check, error.message, error.more.hint ?? "Look into the gateway's log.")];
  }
}
