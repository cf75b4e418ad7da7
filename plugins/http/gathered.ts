import type { Exchange } from "./exchange.ts";

/** All of a request's body; undefined: it is longer than `most` bytes. Rejects where it breaks off. */
export function gathered(exchange: Exchange, most: number): Promise<Buffer | undefined> {
  const { body, expectsContinue } = exchange;
  return new Promise((resolve, reject) => {
    if (!body) return resolve(Buffer.alloc(0));
    if (typeof body.length === "number" && body.length > most) return resolve(undefined);
    const parts: Buffer[] = [];
    let length = 0;
    if (expectsContinue) exchange.inform({ status: 100, reason: "Continue", fields: [] });
    body.pipe({
      data(view) {
        length += view.length;
        if (length > most) {
          resolve(undefined);
          return false;
        }
        parts.push(Buffer.from(view));
        return true;
      },
      end: () => resolve(Buffer.concat(parts)),
      broken: reject,
    });
  });
}
