import type { BypassAnswer } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import type { ControlClient } from "../client.ts";
import { moment } from "../time.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Logins on a resource that go around the gateway, as the resource itself tells. */
export async function bypassesOf(
  resource: string,
  client: ControlClient,
  { mayNotKnow }: { readonly mayNotKnow: boolean },
): Promise<Finding[]> {
  const check = `resource ${resource}`;
  try {
    const { bypasses } = await client.get<BypassAnswer>(
      `/v1/resources/${encodeURIComponent(resource)}/bypasses`,
    );
    if (bypasses.length === 0) return [ok(check, "nobody is logged in there but through the gateway")];
    return bypasses.map(({ login, from, application, since, count }) =>
      warn(
        check,
        `${count} ${count === 1 ? "login" : "logins"} as ${login} from ${from}` +
          `${application === undefined ? "" : ` (${application})`}` +
          `${since === undefined ? "" : `, the oldest since ${moment(since)} UTC`} did not come through the gateway`,
        "Point it at the gateway; then change that password, or let the server take this role from the gateway's address alone.",
      ),
    );
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    if (mayNotKnow && error.code === "doctor.unsupported") return [];
    return [fail(check, error.message, error.more.hint ?? "Look into the gateway's log.")];
  }
}
