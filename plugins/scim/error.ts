const schema = "urn:ietf:params:scim:api:messages:2.0:Error";

/** What `scimType` may say (RFC 7644, table 9), as far as it is used here. */
type ScimType = "invalidFilter" | "invalidSyntax" | "invalidValue" | "uniqueness";

/** What is answered instead of what was asked for. */
export class ScimError extends Error {
  override readonly name = "ScimError";
  constructor(
    readonly status: number,
    message: string,
    readonly scimType?: ScimType,
  ) {
    super(message);
  }
}

/** RFC 7644, 3.12: `status` is a text there. */
export function errorResponse({ status, message, scimType }: ScimError): Response {
  const body = {
    schemas: [schema],
    status: String(status),
    detail: message,
    ...(scimType ? { scimType } : {}),
  };
  return scimResponse(body, status, status === 401 ? { "www-authenticate": "Bearer" } : {});
}

/** RFC 7644, 3.1: its own media type. */
export function scimResponse(body: object, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/scim+json", "cache-control": "no-store", ...headers },
  });
}
