import type { Pass, Reason, Visit } from "../../../core/plugin.ts";
import type { HttpTarget } from "../config.ts";
import type { CallerConnection } from "../connection.ts";
import type { Asked, Reading } from "../dialect.ts";
import type { Exchange } from "../exchange.ts";
import type { Route } from "../route.ts";

/** What a request that may pass is made of. */
export interface RelayParts {
  readonly exchange: Exchange;
  readonly connection: CallerConnection;
  readonly visit: Visit<HttpTarget>;
  readonly asked: Asked<HttpTarget>;
  readonly route: Route;
  readonly reading: Reading;
  readonly pass: Pass;
  /** All of the request's body, where it was read before; undefined: it is still to come, if there is one. */
  readonly body: Uint8Array | undefined;
  readonly handling: {
    refuse(reason: Reason): void;
    /** Nothing of the exchange is under way any more. */
    done(): void;
  };
}
