/** As much of oidc-provider as the tests use; the package has no types of its own. */
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";
  export interface Stored {
    save(): Promise<string>;
  }
  export interface NewGrant extends Stored {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
  }
  export interface Client {
    backchannelLogout(subject: string, session: string): Promise<void>;
  }
  export default class Provider {
    constructor(issuer: string, configuration: object);
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
    readonly Client: { find(id: string): Promise<Client | undefined> };
    readonly Grant: {
      new (of: { accountId: string; clientId: string }): NewGrant;
      find(id: string): Promise<NewGrant | undefined>;
    };
  }
}
