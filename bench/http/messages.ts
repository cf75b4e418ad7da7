/** What is asked and answered: more than a usual client and a usual resource say. */
export interface Shape {
  /** Bytes of the answer's body. */
  readonly body: number;
  /** Fields of the request beside the usual ones. */
  readonly fields: number;
  /** Other resources, each with a rule of its own, that have nothing to do with it. */
  readonly others: number;
}

export const usual: Shape = { body: 1024, fields: 0, others: 0 };

/** No two in a row are the same, as of a client that is at work; all of them have been asked before. */
const paths = 500;

export function requestsOf({ fields }: Shape): (index: number) => Buffer {
  const more = Array.from(
    { length: fields },
    (_, index) => `X-Field-${index}: something that a client says\r\n`,
  );
  const all = Array.from({ length: paths }, (_, index) =>
    Buffer.from(
      `GET /origin/api/things/${index}?shown=all HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8.5.0\r\n` +
        `Accept: application/json\r\nAccept-Encoding: gzip, br\r\n${more.join("")}Authorization: Bearer bench:bench\r\n\r\n`,
    ),
  );
  return (index) => all[index % paths] as Buffer;
}

export function answerOf({ body }: Shape): Buffer {
  const text = JSON.stringify({ rows: "somebody or other ".repeat(Math.ceil(body / 18)) }).slice(0, body);
  return Buffer.from(
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 09:00:00 GMT\r\nContent-Type: application/json\r\n" +
      `Content-Length: ${text.length}\r\nLast-Modified: Sun, 22 Nov 2026 08:00:00 GMT\r\nConnection: keep-alive\r\n` +
      `ETag: "6740d0f0-400"\r\nAccept-Ranges: bytes\r\n\r\n${text}`,
  );
}
