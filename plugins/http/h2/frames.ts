/** Types of frames (RFC 9113, 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames. `endStream` and `acknowledges` are the same bit, on different types. */
export const frameFlags = { endStream: 1, acknowledges: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Bytes of a frame's head (RFC 9113, 4.1). */
export const frameHead = 9;

/** Bytes of the longest frame's payload that is taken: the default, which is never raised. */
export const longestFrame = 16_384;

/** What a client's connection begins with (RFC 9113, 3.4). */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Error codes (RFC 9113, 7). */
export const errorCodes = { protocol: 1, refused: 7, cancel: 8, calm: 11 } as const;
