/**
 * Host, and port where it is named, in lower case; undefined where it is not what `Host` may hold (RFC 9110, 7.2): a
 * name of letters, digits, `-`, `.`, `_` and `~`, an IPv4 address, or an IPv6 address in brackets. No user, no
 * path, no percent-encoding: none of those has any use in a host, each has one in an attack on who routes by it.
 */
export function authorityOf(value: string): string | undefined {
  if (value === last && last !== "") return last;
  const lower = value.toLowerCase();
  const [, host = "", port] = form.exec(lower) ?? [];
  if (host === "" || host.length > 255) return undefined;
  if (port !== undefined && Number(port) > 65_535) return undefined;
  last = lower;
  return lower;
}

/** The one before, as nearly every request names it again. */
let last = "";

const form = /^([a-z0-9._~-]+|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?$/;
