/** A name whose meaning hangs on an answer that has not come. */
export const uncertain = Symbol("uncertain");

/** What a message defined whose answer has not come; `value` undefined: it closed the name. */
interface Fresh<T> {
  value: T | undefined;
  group: number;
  /** Messages about this name that are not answered. */
  pending: number;
}

/**
 * What names mean on the server. A name means what the server confirmed (*sure*). Behind its own
 * definition in the same group (up to Sync) it means that definition (*fresh*): had that failed, the
 * server would skip all of the group. A definition of an earlier group is uncertain until it is answered.
 */
export class Names<T extends object> {
  readonly #sure = new Map<string, T>();
  readonly #fresh = new Map<string, Fresh<T>>();
  /** The unnamed one has slots of its own, outside of any Map: most traffic uses nothing else. */
  #sureUnnamed: T | undefined;
  readonly #freshUnnamed: Fresh<T> = { value: undefined, group: 0, pending: 0 };

  /** Named ones, confirmed or not. */
  get size(): number {
    return this.#sure.size + this.#fresh.size;
  }

  find(name: string, group: number): T | undefined | typeof uncertain {
    const fresh = name === "" ? this.#freshUnnamed : this.#fresh.get(name);
    if (fresh === undefined || fresh.pending === 0) {
      return name === "" ? this.#sureUnnamed : this.#sure.get(name);
    }
    return fresh.group === group ? fresh.value : uncertain;
  }

  /** A message that defines (or closes: undefined) the name has been sent. */
  define(name: string, value: T | undefined, group: number): void {
    let fresh = name === "" ? this.#freshUnnamed : this.#fresh.get(name);
    if (fresh === undefined) {
      fresh = { value, group, pending: 0 };
      this.#fresh.set(name, fresh);
    }
    fresh.value = value;
    fresh.group = group;
    fresh.pending += 1;
  }

  /** The server did it. */
  confirm(name: string, value: T | undefined): void {
    this.forget(name);
    this.set(name, value);
  }

  /** The server skipped it, or refused it and kept what the name meant before. */
  forget(name: string): void {
    const fresh = name === "" ? this.#freshUnnamed : this.#fresh.get(name);
    if (fresh === undefined) return;
    fresh.pending -= 1;
    if (fresh.pending > 0) return;
    fresh.value = undefined;
    if (name !== "") this.#fresh.delete(name);
  }

  /** What the name means from now on, known without a message of its own. */
  set(name: string, value: T | undefined): void {
    if (name === "") this.#sureUnnamed = value;
    else if (value === undefined) this.#sure.delete(name);
    else this.#sure.set(name, value);
  }

  /** All that is sure is gone, with or without the unnamed one. */
  clear(unnamedToo: boolean): void {
    if (this.#sure.size > 0) this.#sure.clear();
    if (unnamedToo) this.#sureUnnamed = undefined;
  }
}
