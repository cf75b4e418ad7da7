import { PosternError } from "../../../core/plugin.ts";
import type { GatheredAnswer } from "../dialect.ts";
import type { Fields, RequestHead, ResponseHead } from "../message.ts";
import type { HttpReach } from "../reach/reach.ts";

/** Bytes of an answer that the gateway reads for itself. */
const longest = 8 * 1024 * 1024;
/** Milliseconds. */
const patience = 10_000;

/** Asks the resource something of the gateway's own, over the session's credential. Rejects with PosternError `resource.ask`. */
export async function askedOfResource(
  reach: HttpReach,
  login: (secret: string | undefined) => Fields,
  head: RequestHead,
  body: Uint8Array | undefined,
): Promise<GatheredAnswer> {
  const { authority, base } = reach.destination;
  const fields = [
    "Host",
    authority,
    "Accept-Encoding",
    "identity",
    ...head.fields,
    ...login(await reach.secret()),
  ];
  const connection = reach.take() ?? (await reach.connect());
  return await new Promise<GatheredAnswer>((resolve, reject) => {
    const parts: Buffer[] = [];
    let answer: ResponseHead | undefined;
    let length = 0;
    const fail = (why: string) => {
      clearTimeout(timer);
      sending.abort();
      reach.drop(connection);
      reject(
        new PosternError(
          "resource.ask",
          `The resource could not be asked what this request would do: ${why}.`,
          {
            hint: "Try again; what cannot be told does not pass.",
          },
        ),
      );
    };
    const timer = setTimeout(() => fail(`it did not answer in ${patience} ms`), patience);
    const sending = connection.send(
      { ...head, target: `${base}${head.target}`, authority, fields },
      body?.length ?? "none",
      undefined,
      {
        inform() {},
        head(got) {
          answer = got;
        },
        data(view) {
          length += view.length;
          if (length > longest) fail("its answer is too long");
          else parts.push(Buffer.from(view));
          return true;
        },
        end() {
          clearTimeout(timer);
          reach.put(connection);
          resolve({ head: answer as ResponseHead, body: Buffer.concat(parts) });
        },
        switched: (_head, wire) => {
          wire.destroy();
          fail("it switched protocols");
        },
        broken: () => fail("the connection broke"),
        drained() {},
      },
    );
    if (body) sending.write(body);
    sending.end();
  });
}
