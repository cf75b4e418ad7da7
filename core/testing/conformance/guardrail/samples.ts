import type { Answer, Chunk, Column } from "../../../guardrail.ts";
import type { Action, Operation, Outcome } from "../../../operation.ts";

export interface OperationSample {
  readonly text: string;
  readonly actions: readonly Action[];
  readonly inTransaction?: boolean;
  readonly parameters?: readonly (string | Uint8Array | null)[];
}

/** Ordinary ones, and texts that nobody expects. */
export const samples: readonly OperationSample[] = [
  { text: "select email from customers", actions: [{ effect: "read", on: "public.customers" }] },
  {
    text: "update customers set email = $1 where id = $2",
    actions: [
      { effect: "write", on: "public.customers" },
      { effect: "read", on: "public.customers" },
    ],
    parameters: ["ann@example.com", Buffer.from([0, 0, 0, 7])],
    inTransaction: true,
  },
  { text: "delete user:1", actions: [{ effect: "delete", on: "user:1" }], parameters: [null] },
  {
    text: "systemctl restart web",
    actions: [{ effect: "execute", on: "systemctl", traits: ["privileged"] }],
  },
  { text: "", actions: [{ effect: "unknown", on: "*" }] },
  { text: "\0\ud800 'not closed \"nor this $$ /* --", actions: [{ effect: "unknown", on: "*" }] },
  { text: "x'\"$".repeat(20_000), actions: [{ effect: "unknown", on: "*" }] },
];

export function operationOf(sample: OperationSample): Operation {
  const { text, actions, inTransaction = false, parameters: values } = sample;
  const at = (index: number) => values?.[index] ?? null;
  const parameters = values && { length: values.length, at };
  return deepFrozen({
    text,
    actions,
    inTransaction,
    policyVersion: "1",
    ...(parameters ? { parameters } : {}),
  });
}

/** What must not be changed says so when it is. */
export function deepFrozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const each of Object.values(value)) deepFrozen(each);
  return Object.freeze(value);
}

const column = (name: string, more: Partial<Column> = {}): Column => ({
  ...{
    name,
    type: "text",
    holdsText: true,
    format: "text",
    origins: [{ table: "public.customers", column: name }],
  },
  ...more,
});

export const columns: readonly Column[] = [
  column("email"),
  column("phone", { origins: "unknown" }),
  column("n", { type: "int4", holdsText: false, origins: [] }),
  column("card", { type: "int8", holdsText: false, format: "binary" }),
];

export const cells: readonly Uint8Array[] = [
  Buffer.from("ann@example.com"),
  Buffer.from("+41 44 668 18 00"),
  Buffer.from("4111111111111111"),
  Buffer.from([0, 0, 0, 0, 0xff, 0xfe, 0x80]),
  Buffer.alloc(0),
];

export const words = "On 4 May ann@example.com paid with 4111 1111 1111 1111; call +41 44 668 18 00.\n";

export const documents: readonly unknown[] = [
  { email: "ann@example.com", orders: [{ card: "4111111111111111", n: 1 }], none: null, yes: true },
  ["ann@example.com", 7],
  "ann@example.com",
  null,
];

export const outcome: Outcome = { result: "ok", rows: 1, bytes: 10 };

/** All that a stream shows of these pieces, the end included. */
export function streamed(answer: Answer, pieces: readonly Uint8Array[], channel = "stdout"): string {
  const chunks = [...pieces, new Uint8Array(0)].map(
    (bytes): Chunk => ({ direction: "toCaller", channel, bytes }),
  );
  const shown = chunks.map((chunk) => answer.stream?.(chunk)?.bytes ?? new Uint8Array(0));
  return Buffer.concat(shown).toString("latin1");
}
