import { PosternError } from "../error.ts";
import type { Identity } from "../identity.ts";
import type { ClientLaunch } from "../protocol.ts";
import type { Supervisor } from "../supervisor.ts";
import { reachOf } from "./reach.ts";

export interface LaunchRequest {
  readonly resource: string;
  /** Milliseconds that the credential lives. */
  readonly ttl: number;
  /** Path on the caller's machine of what the listener's certificate leads to. */
  readonly ca: string | undefined;
}

export interface Launch extends ClientLaunch {
  /** Id of the credential; the environment holds its password. */
  readonly credential: string;
  /** Epoch milliseconds at which it ends. */
  readonly expires: number;
}

/** A short-lived credential for one resource, as its ordinary client takes it. Throws PosternError `connect.*`, `credential.*`. */
export async function launch(
  supervisor: Supervisor,
  identity: Identity,
  { resource, ttl, ca }: LaunchRequest,
): Promise<Launch> {
  const { keeper, fleet } = supervisor.parts;
  const found = Object.hasOwn(keeper.policy.resources, resource)
    ? keeper.policy.resources[resource]
    : undefined;
  if (!found) {
    throw new PosternError("connect.resource", `There is no resource named ${resource}.`, {
      hint: "`postern whoami` lists those that you may use.",
    });
  }
  const { protocol, config } = found;
  if (!protocol.client) {
    throw new PosternError("connect.client", `Nobody knows how ${protocol.name} clients are started.`, {
      hint: `Get a credential with \`postern credentials issue ${resource}\`, and give it to your client.`,
    });
  }
  const reach = reachOf(keeper.policy, resource, await fleet.addresses(), supervisor.web.url);
  if (!reach) {
    throw new PosternError("connect.listener", `Nothing listens for ${resource} now.`, {
      hint: "Ask whoever keeps the policy; `listen` must have its protocol.",
    });
  }
  const { issued, password } = await supervisor.issued.issue(identity, { resource, ttl });
  const { id: user, expires } = issued;
  const { dataDir } = supervisor.parts;
  const access = { resource, ...reach, dataDir, user, password, ...(ca === undefined ? {} : { ca }) };
  return { ...(await protocol.client(access, config)), credential: user, expires };
}
