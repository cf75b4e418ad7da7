import { PosternError } from "../../../core/plugin.ts";

/** What came breaks the protocol (RFC 6455) or a bound. `close`: the code that says so to whoever sent it. */
export class WebSocketFault extends PosternError {
  constructor(
    readonly close: 1002 | 1007 | 1009,
    what: string,
  ) {
    super("http.websocket", `What came over the WebSocket cannot be carried: ${what}.`, {
      hint: "Whoever made the client, or the service, can look at what it sends.",
    });
  }
}
