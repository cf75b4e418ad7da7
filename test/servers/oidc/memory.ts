/** What one oidc-provider remembers, by model and id: sessions, grants, codes, tokens. */
export interface Remembered {
  readonly accountId?: string;
  readonly grantId?: string;
  readonly userCode?: string;
  readonly uid?: string;
  consumed?: number;
  /** Of a login session: by client. */
  readonly authorizations?: Readonly<Record<string, { readonly sid?: string; readonly grantId?: string }>>;
}

/** The adapter that oidc-provider asks for: one a server, so that two servers do not share their sessions. */
export class Memory {
  readonly #kept = new Map<string, Remembered>();

  /** What the provider calls with `new`, once a model. */
  adapter(): new (model: string) => object {
    const kept = this.#kept;
    const find = (model: string, matches: (value: Remembered) => boolean) =>
      [...kept].find(([key, value]) => key.startsWith(`${model}:`) && matches(value))?.[1];
    return class {
      constructor(readonly model: string) {}
      async upsert(id: string, value: Remembered): Promise<void> {
        kept.set(`${this.model}:${id}`, value);
      }
      async find(id: string): Promise<Remembered | undefined> {
        return kept.get(`${this.model}:${id}`);
      }
      async findByUid(uid: string): Promise<Remembered | undefined> {
        return find(this.model, (value) => value.uid === uid);
      }
      async findByUserCode(code: string): Promise<Remembered | undefined> {
        return find(this.model, (value) => value.userCode === code);
      }
      async consume(id: string): Promise<void> {
        const value = kept.get(`${this.model}:${id}`);
        if (value) value.consumed = Math.floor(Date.now() / 1000);
      }
      async destroy(id: string): Promise<void> {
        kept.delete(`${this.model}:${id}`);
      }
      async revokeByGrantId(grantId: string): Promise<void> {
        for (const [key, value] of kept) if (value.grantId === grantId) kept.delete(key);
      }
    };
  }

  sessionsOf(account: string): Remembered[] {
    return [...this.#kept]
      .filter(([key, { accountId }]) => key.startsWith("Session:") && accountId === account)
      .map(([, value]) => value);
  }

  /** Everything of this account: its login sessions, grants and tokens. */
  forget(account: string): void {
    for (const [key, { accountId }] of this.#kept) if (accountId === account) this.#kept.delete(key);
  }
}
