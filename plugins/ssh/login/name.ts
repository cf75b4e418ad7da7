import { type Door, PosternError } from "../../../core/plugin.ts";
import type { SshConfig } from "../config.ts";

/** What the user name of a login asks for: `bastion`, `ops+bastion`. */
export interface Wish {
  readonly resource: string;
  /** Whom to be on the host; undefined: whoever the resource says. */
  readonly login: string | undefined;
}

/**
 * `target`: the resource that the connection is for, whatever its user name says: the one of its listener, or the one
 * that it was opened to inside of another. A client sends its own user's name there unless it was told better.
 * Throws PosternError `ssh.user`.
 */
export function wishOf(user: string, target: string | undefined, resources: Door["resources"]): Wish {
  const plus = Object.hasOwn(resources, user) ? -1 : user.lastIndexOf("+");
  const resource = target ?? user.slice(plus + 1);
  const asked = plus > 0 ? user.slice(0, plus) : undefined;
  if (asked !== undefined && target !== undefined && user.slice(plus + 1) !== target) {
    throw new PosternError("ssh.user", `This connection is for ${target}, not for ${user.slice(plus + 1)}.`, {
      hint: "Leave out what comes behind the plus sign, and the plus sign.",
    });
  }
  if (asked !== undefined) return { resource, login: asked };
  const config = Object.hasOwn(resources, resource) ? (resources[resource] as SshConfig) : undefined;
  const named = config?.user === user || config?.users?.includes(user);
  return { resource, login: named ? user : undefined };
}
