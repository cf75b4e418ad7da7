import type { Link } from "../../../core/plugin.ts";
import { startupState } from "../accept.ts";
import { runsAtLogin } from "../catalogue.ts";
import type { PostgresConfig } from "../config.ts";
import { type DialedState, dialedState, waiting } from "../dial.ts";
import { defaultSettings, loadParser, type SessionSettings } from "../sql/index.ts";
import { askFor } from "../startup/asked.ts";
import { welcome } from "../welcome.ts";
import { openRelay } from "./open-relay.ts";
import { classifierOf, SessionServices } from "./session-services.ts";

/** Carries one session until either side is done (Protocol.relay). */
export async function relay(link: Link<PostgresConfig>): Promise<void> {
  await loadParser();
  const { dialed, settings } = await begun(link);
  const { caller, resource } = link;
  const services = new SessionServices(link, dialed);
  const session = openRelay(caller, resource, services, dialed.locked);
  session.exchange.settings = settings;
  const key = services.enter(session, startupState(link.arrival).version);
  try {
    caller.write(welcome(dialed.parameters, key));
  } catch (error) {
    services.left();
    throw error;
  }
  // Nothing of this function waits for its end.
  return session.carry(services);
}

/** Logged in, once policy has let pass what the start-up packet sets; and what texts mean under that. */
async function begun(
  link: Link<PostgresConfig>,
): Promise<{ readonly dialed: DialedState; readonly settings: SessionSettings }> {
  const { gate, config, dialed, controlPermit } = link;
  const waits = waiting(dialed);
  if (waits === undefined) return { dialed: dialedState(dialed), settings: defaultSettings };
  return await askFor(waits, {
    gate,
    classify: classifierOf(link),
    runsAtLogin: () => runsAtLogin(config, controlPermit),
  });
}
