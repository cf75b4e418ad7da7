import { authenticationOk } from "../../plugins/postgres/wire/authentication.ts";
import { backendKeyData, parameterStatus, readyForQuery } from "../../plugins/postgres/wire/session.ts";

/*
 * `bun quiet-server.entry.ts PORT`: a PostgreSQL that lets everybody in and says nothing more. Ten thousand sessions of the
 * real one are ten thousand processes.
 */

const idle = 0x49;
/** SSLRequest and GSSENCRequest are of this length, and no startup message is. */
const encryption = 8;
const terminate = 0x58;
const greeting = Buffer.concat([
  authenticationOk,
  ...Object.entries({ server_version: "15.0", server_encoding: "UTF8", client_encoding: "UTF8" }).map(
    ([name, value]) => parameterStatus(name, value),
  ),
  ...["standard_conforming_strings", "integer_datetimes"].map((name) => parameterStatus(name, "on")),
  backendKeyData({ processId: process.pid, secret: Buffer.alloc(4) }),
  readyForQuery(idle),
]);

Bun.listen<undefined>({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  socket: {
    data(socket, bytes) {
      if (bytes[0] === terminate) socket.end();
      else socket.write(bytes.length === encryption ? "N" : greeting);
    },
  },
});
