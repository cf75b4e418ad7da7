import type { StoredRequest } from "../store/grants.ts";

/** What happens to requests, as watchers are told. */
export type RequestEvent =
  | { readonly event: "requested"; readonly request: StoredRequest }
  | { readonly event: "answered"; readonly id: string; readonly how: NonNullable<StoredRequest["how"]> };

/** The requests that wait now, at whichever gateway of the store they were made. */
export class RequestBoard {
  #waiting: readonly StoredRequest[] = [];
  readonly #watchers = new Set<(event: RequestEvent) => void>();

  /** `find`: what has become of one that does not wait any more. */
  constructor(readonly find: (id: string) => Promise<StoredRequest | undefined>) {}

  /** The oldest first. */
  get waiting(): readonly StoredRequest[] {
    return this.#waiting;
  }

  /** Called for every further event until the returned function is called. */
  watch(watcher: (event: RequestEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** These wait now, and no others. */
  use(waiting: readonly StoredRequest[]): void {
    const [before, after] = [this.#waiting, waiting].map((some) => new Set(some.map(({ id }) => id)));
    const gone = this.#waiting.filter(({ id }) => !after?.has(id));
    this.#waiting = waiting;
    for (const request of waiting) if (!before?.has(request.id)) this.#tell({ event: "requested", request });
    for (const { id } of gone) void this.#tellHow(id);
  }

  async #tellHow(id: string): Promise<void> {
    if (this.#watchers.size === 0) return;
    const request = await this.find(id).catch(() => undefined);
    this.#tell({ event: "answered", id, how: request?.how ?? "expired" });
  }

  #tell(event: RequestEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}
