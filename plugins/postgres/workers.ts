/** What workers tell one another through `Door.deliver`: one byte that says what, then that. */
const kinds = { cancel: 1, defined: 2 } as const;
type Kind = keyof typeof kinds;

export function messageTo(kind: Kind, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([kinds[kind]]), body]);
}

/** What takes a message of each kind. */
export type Takes = Readonly<Record<Kind, (body: Uint8Array) => void | Promise<void>>>;

/** Protocol.delivered: a message of whichever worker. One that is of no known kind is nobody's. */
export function delivering(takes: Takes): (message: Uint8Array) => void | Promise<void> {
  const byByte = new Map((Object.keys(kinds) as Kind[]).map((kind) => [kinds[kind] as number, takes[kind]]));
  return (message) => byByte.get(message[0] ?? 0)?.(message.subarray(1));
}
