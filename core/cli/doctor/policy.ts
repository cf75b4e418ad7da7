import { connect } from "node:net";
import { PosternError } from "../../error.ts";
import { loadPolicy } from "../../loader.ts";
import type { Protocol } from "../../protocol.ts";
import { type Finding, fail, ok } from "./finding.ts";

/** Milliseconds to reach a resource. */
const patience = 3_000;

/** Whether the policy loads, and whether its resources can be reached from here. */
export async function policyAndResources(path: string, dataDir: string): Promise<Finding[]> {
  try {
    const { version, resources } = await loadPolicy(path);
    const protocols = new Set(Object.values(resources).map(({ protocol }) => protocol));
    const reached = Object.entries(resources).flatMap(([name, { config }]) => reach(name, config) ?? []);
    return [
      ok("policy", `${path} loads, version ${version}`),
      ...(await Promise.all([...protocols].map((protocol) => known(protocol, dataDir)))).flat(),
      ...(await Promise.all(reached)),
    ];
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return [fail("policy", error.message, error.more.hint ?? "Mend the policy file.")];
  }
}

/** For people to compare with what their clients show them. */
async function known({ name, knownBy }: Protocol, dataDir: string): Promise<Finding[]> {
  const keys = (await knownBy?.(dataDir)) ?? [];
  return keys.map((key) => ok(`${name} host key`, key));
}

/** Only what says host and port, or a URL, can be tried without speaking its protocol. */
function reach(name: string, config: unknown): Promise<Finding> | undefined {
  const address = addressOf(config);
  if (!address) return undefined;
  const { host, port } = address;
  const check = `resource ${name}`;
  const where = `${host}:${port}`;
  const { promise, resolve } = Promise.withResolvers<Finding>();
  const socket = connect({ host, port, timeout: patience });
  const no = (why: string) =>
    resolve(
      fail(
        check,
        `${where} cannot be reached: ${why}`,
        "Check the address, that it runs, and the firewall; a policy that reads the environment reads this one's.",
      ),
    );
  socket.once("connect", () => resolve(ok(check, `${where} accepts connections`)));
  socket.once("timeout", () => no(`no answer in ${patience / 1000} s`));
  socket.once("error", (error) => no(error.message));
  return promise.finally(() => socket.destroy());
}

function addressOf(config: unknown): { readonly host: string; readonly port: number } | undefined {
  if (typeof config !== "object" || config === null) return undefined;
  if ("host" in config && "port" in config) {
    const { host, port } = config;
    return typeof host === "string" && typeof port === "number" && !host.startsWith("/")
      ? { host, port }
      : undefined;
  }
  const url = "url" in config && typeof config.url === "string" ? URL.parse(config.url) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
}
