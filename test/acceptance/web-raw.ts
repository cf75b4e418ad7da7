import { connect } from "node:net";

/**
 * What comes over one connection for these bytes, until the other side closes it, or until so many final answers have
 * come (`answers`), which are taken to be without a body that looks like one.
 */
export function exchangeRaw(
  port: number,
  bytes: Buffer,
  answers = Number.POSITIVE_INFINITY,
): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const done = () => {
      socket.destroy();
      resolve(text);
    };
    socket.on("error", done);
    socket.on("end", done);
    socket.on("close", done);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const whole = text.match(/HTTP\/1\.1 [2-5]\d\d [\s\S]*?\r\n\r\n/g)?.length ?? 0;
      if (whole >= answers && /(?:served|\})\s*$/.test(text)) done();
    });
    socket.write(bytes);
  });
}
