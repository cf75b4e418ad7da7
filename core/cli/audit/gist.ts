import type { AuditEntry } from "../../control/api.ts";
import { durationText } from "../../duration.ts";
import { endedLabel } from "../../ending.ts";
import { identityLabel } from "../../identity.ts";
import { moment } from "../time.ts";

/** What one line can say of an entry; `--json` has all of it. */
export function gist(entry: AuditEntry["entry"]): string {
  switch (entry.kind) {
    case "operation":
    case "hold":
      return entry.text;
    case "denied":
      return `${entry.reason.code}: ${entry.text}`;
    case "outcome":
      return [entry.outcome.result, entry.outcome.code, `${entry.ms} ms`].filter(Boolean).join(", ");
    case "open":
      return `from ${entry.remote}${entry.application === undefined ? "" : `, ${entry.application}`}`;
    case "close":
    case "connect-denied":
      return entry.reason.message;
    case "hold-answered":
      return [entry.hold, "first of two approvals", entry.because].filter(Boolean).join(", ");
    case "hold-ended":
      return [entry.hold, entry.how, entry.because].filter(Boolean).join(", ");
    case "login-refused":
      return `${entry.id} from ${entry.remote}: ${entry.check}`;
    case "admin":
      return [entry.what, entry.target, `by ${entry.by}`].filter(Boolean).join(" ");
    case "notify-failed":
      return `${entry.notifier}: ${[entry.event, entry.why].filter(Boolean).join(": ")}`;
    case "policy-refused":
      return entry.message;
    case "policy":
      return entry.version;
    case "abandoned":
      return [entry.what, entry.hold].filter(Boolean).join(" ");
    case "access-ended":
      return `${endedLabel(entry.of)} by ${entry.by}: ${entry.reason.message}`;
    case "access-restored":
      return `${endedLabel(entry.of)} by ${entry.by}`;
    case "grant-requested":
      return `${entry.request} ${asked(entry)} for ${durationText(entry.for)}${why(entry)}`;
    case "grant-answered":
      return `${entry.request} ${entry.how} by ${identityLabel(entry.by)}${why(entry)}`;
    case "grant-opened":
      return `${entry.grant} ${asked(entry)} until ${moment(entry.until)}${entry.breakGlass ? ", glass broken" : ""}${why(entry)}`;
    case "grant-ended":
      return [entry.grant, entry.how, entry.by === undefined ? "" : `by ${entry.by}`]
        .filter(Boolean)
        .join(" ");
    case "lease":
    case "lease-released":
      return entry.what;
    default:
      return "";
  }
}

function asked({ rules }: { readonly rules: readonly string[] }): string {
  return `rule ${rules.join(", ")}`;
}

function why({ because, ticket }: { readonly because?: string; readonly ticket?: string }): string {
  const said = [ticket, because].filter(Boolean).join(", ");
  return said === "" ? "" : `: ${said}`;
}
