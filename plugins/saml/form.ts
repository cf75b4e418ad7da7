import { NotAccepted } from "../../core/plugin.ts";

/** Bytes of a form. A response of a real provider has ten to fifty thousand; a thousand groups more than double that. */
const longest = 192 << 10;

/** One value of a query or form. Throws NotAccepted when it is there more than once: two readers could differ. */
export function field(from: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = from.getAll(name);
  if (more.length > 0) throw new NotAccepted(`saml: ${name} is given more than once`);
  return value;
}

/** As `field`. Throws NotAccepted when it is not there. */
export function neededField(from: URLSearchParams, name: string): string {
  const value = field(from, name);
  if (!value) throw new NotAccepted(`saml: ${name} is missing`);
  return value;
}

/** What a browser or a client posted (application/x-www-form-urlencoded). Throws NotAccepted. */
export async function formOf(request: Request): Promise<URLSearchParams> {
  const [type] = (request.headers.get("content-type") ?? "").split(";");
  if (type?.trim().toLowerCase() !== "application/x-www-form-urlencoded") {
    throw new NotAccepted("saml: what was posted is no form");
  }
  const bytes = await request.bytes();
  if (bytes.length > longest) throw new NotAccepted(`saml: what was posted is longer than ${longest} bytes`);
  return new URLSearchParams(utf8(bytes));
}

/** The XML of a posted message (HTTP-POST binding, SAML bindings 3.5.4). Throws NotAccepted. */
export function messageOf(base64: string): string {
  const plain = base64.replace(/[\r\n\t ]/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(plain)) throw new NotAccepted("saml: the message is no base64");
  return utf8(Buffer.from(plain, "base64")).trim();
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new NotAccepted("saml: what was posted is no UTF-8", { cause });
  }
}
