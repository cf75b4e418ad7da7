import { authenticationOk } from "./wire/authentication.ts";
import { status } from "./wire/message.ts";
import { backendKeyData, type CancelKey, parameterStatus, readyForQuery } from "./wire/session.ts";

/**
 * What a caller gets when its session opens: AuthenticationOk, the server's settings, a cancel key of
 * the gateway's own under the server's process id (`cancelKeys.register`), ReadyForQuery.
 */
export function welcome(parameters: ReadonlyMap<string, string>, key: CancelKey): Buffer {
  return Buffer.concat([
    authenticationOk,
    ...[...parameters].map(([name, value]) => parameterStatus(name, value)),
    backendKeyData(key),
    readyForQuery(status.idle),
  ]);
}
