import type { Admin } from "./admin.ts";

/** A few connections of one kind: the next one is opened only while the others are busy. */
export class Pool {
  readonly #all: readonly { readonly admin: Admin; users: number }[];

  constructor(size: number, connect: () => Admin) {
    this.#all = Array.from({ length: size }, () => ({ admin: connect(), users: 0 }));
  }

  /** By the one that fewest are waiting for. */
  async use<T>(what: (admin: Admin) => Promise<T>): Promise<T> {
    const one = this.#all.reduce((least, each) => (each.users < least.users ? each : least));
    one.users += 1;
    try {
      return await what(one.admin);
    } finally {
      one.users -= 1;
    }
  }
}
