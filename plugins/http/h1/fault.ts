import { PosternError } from "../../../core/plugin.ts";

/** A message that is not taken: the status that its sender is told, where it is a caller. */
export class Fault extends PosternError {
  constructor(
    readonly status: 400 | 408 | 417 | 431,
    code: string,
    message: string,
    hint: string,
  ) {
    super(code, message, { hint });
  }
}

/** What breaks RFC 9112. `why` never quotes what was sent. */
export function malformed(why: string): Fault {
  return new Fault(400, "http.malformed", why, "Send HTTP/1.1 as RFC 9112 defines it.");
}

export function tooLarge(what: string): Fault {
  return new Fault(
    431,
    "http.header",
    what,
    "Send fewer or shorter header fields; the operator sets `limits.header`.",
  );
}

export function badExpectation(): Fault {
  return new Fault(
    417,
    "http.expectation",
    "The request expects something else than 100-continue.",
    "Send it without `Expect`.",
  );
}

export function slowHead(): Fault {
  return new Fault(
    408,
    "wire.timeout",
    "The header of the request took too long to arrive.",
    "Send it again.",
  );
}

export function stalled(): PosternError {
  return new PosternError("wire.timeout", "The caller took nothing of the answer for too long.");
}

/** A resource whose answer breaks RFC 9112, or what is cut short. */
export function badAnswer(why: string): PosternError {
  return new PosternError("http.answer", `The resource's answer is not proper HTTP: ${why}`, {
    hint: "Whoever runs the resource can look at what it sends.",
  });
}

export function closed(who: string): PosternError {
  return new PosternError("wire.closed", `${who} closed the connection before all of the message was there.`);
}
