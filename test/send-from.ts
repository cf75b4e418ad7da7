import { request as send } from "node:http";

/** Sends a request over HTTP from an address of this machine's own choosing, and follows no redirect. */
export async function sendFrom(localAddress: string, request: Request): Promise<Response> {
  const headers = Object.fromEntries(request.headers);
  const body = Buffer.from(await request.arrayBuffer());
  const { hostname, port, pathname, search } = new URL(request.url);
  return await new Promise((resolve, reject) => {
    const outgoing = send(
      {
        host: hostname,
        port,
        path: `${pathname}${search}`,
        method: request.method,
        headers: { ...headers, "content-length": body.length },
        localAddress,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const headers = new Headers(Object.entries(incoming.headers).map(([k, v]) => [k, String(v)]));
          resolve(new Response(Buffer.concat(chunks), { status: incoming.statusCode ?? 0, headers }));
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
