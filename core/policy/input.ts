import type { Duration } from "../duration.ts";
import type { Guardrail, Kind } from "../guardrail.ts";
import type { HoursText } from "../hours.ts";
import type { IdentityProvider } from "../identity.ts";
import type { Notifier } from "../notifier.ts";
import type { Effect } from "../operation.ts";
import type { Right } from "../policy.ts";
import type { Resource } from "../protocol.ts";
import type { Secret } from "../secret.ts";
import type { Size } from "../size.ts";
import type { KeyPair } from "../tls/files.ts";
import type { SignalSource } from "../web.ts";
import type { Who } from "../who.ts";

/** Resources by the name that callers use. */
export type Resources = Readonly<Record<string, Resource>>;

/** `"orders"`, several names, or `"*"` for every resource. */
export type On<R extends Resources> = NameOf<R> | readonly NameOf<R>[] | "*";

/** What an operator writes: one policy file's default export, as an argument of `gateway()`. */
export interface PolicyInput<R extends Resources, Ons extends readonly On<R>[]> {
  /** A port, an address, an object, or several of them, for each protocol. */
  readonly listen: { readonly [P in ProtocolOf<R>]?: Listen<R, P> };
  /** Who can tell who a caller is; asked in this order. */
  readonly identity: readonly [IdentityProvider, ...IdentityProvider[]];
  readonly resources: R;
  /** Each action is decided by the first rule whose who, on and may match it. */
  readonly rules: { readonly [I in keyof Ons]: RuleInput<R, Ons[I]> };
  /** Guardrails of every session, outermost first, around those of the rules. */
  readonly always?: readonly Guardrail<KindsOf<R, NameOf<R>>>[];
  /** Whom to tell of holds and refusals: `webhook()`. */
  readonly notify?: readonly Notifier[];
  /** Who tells the gateway that somebody's access has ended: `scim()`, `caep()`. They need `web`. */
  readonly signals?: readonly SignalSource[];
  /** A port on loopback, or more: where command lines, browsers and identity providers reach the gateway over HTTP. */
  readonly web?: number | WebInput;
  /** A libSQL server that several gateways share. Default: a file in the data folder. */
  readonly store?: StoreInput;
  /** `strict`: a read is durable too before the first byte of its answer leaves. */
  readonly trail?: "default" | "strict";
  /** Processes that carry traffic. Default 1; `auto`: one a core. */
  readonly workers?: number | "auto";
  /** A port on loopback or `host:port` for /healthz, /readyz and /metrics. */
  readonly health?: number | string;
  readonly limits?: LimitsInput;
}

export interface WebInput {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** Without TLS; only on the loopback interface (a proxy before it may speak TLS). */
  readonly insecure?: true;
  readonly tls?: KeyPair;
  /** As others reach it, where that is not this address: `https://postern.example.com`. */
  readonly url?: string;
}

export interface StoreInput {
  readonly url: `libsql://${string}` | `https://${string}` | `http://${string}`;
  readonly token?: Secret;
}

export interface GrantInput {
  /** Who may approve. Never who asks, nor the same person under another identity, nor who acts for either. */
  readonly by: Who;
  /** How long one grant may last. */
  readonly upTo: Duration;
  /** Two: two different persons must approve. Default 1. */
  readonly approvers?: 1 | 2;
  /** A request must say why. */
  readonly reason?: true;
  /** A request must name a ticket of this form: `/^OPS-\d+$/`. */
  readonly ticket?: RegExp;
  /** How long a request waits for approval. Default 1h. */
  readonly within?: Duration;
  /** Whoever asks with `--break-glass` gets it at once, and everybody is told. */
  readonly breakGlass?: true;
}

export interface RuleInput<R extends Resources, O> {
  /** For explanations, errors and the trail. Default: `rules[3]`. */
  readonly name?: string;
  readonly who: Who;
  readonly on: O;
  /** Effects and rights. `"all"` includes `unknown`; nothing else does unless it names it. */
  readonly may: "all" | readonly (Effect | Right)[];
  /** Guardrails for what this rule allows, outermost first. */
  readonly under?: readonly Guardrail<KindsOf<R, NamesIn<R, O>>>[];
  /** How long a person's session under this rule may last. Default: until they leave. */
  readonly lifetime?: Duration;
  /** The resource's own role that a session under this rule runs as, where its credential is made for the session. */
  readonly as?: string;
  /** The rule counts only while a grant is open that somebody asked for and others approved. */
  readonly grant?: GrantInput;
  /** The rule counts only within these: `"Mon-Fri 09:00-17:00 Europe/Berlin"`. */
  readonly hours?: HoursText;
}

export type Listen<R extends Resources, P extends string> =
  | ListenOne<R, P>
  | readonly [ListenOne<R, P>, ...ListenOne<R, P>[]];

export type ListenOne<R extends Resources, P extends string> =
  | number
  | `${string}:${number}`
  | ListenerInput<R, P>;

export interface ListenerInput<R extends Resources, P extends string> {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** Callers may show their credentials in clear here; only on the loopback interface. */
  readonly insecure?: true;
  /** A listener off the loopback interface needs it. */
  readonly tls?: TlsInput;
  /** The one resource this listener serves; absent: the caller names it. */
  readonly resource?: NamesOfProtocol<R, P>;
}

/** Paths of PEM files, read again when they change; a relative one begins where the gateway was started. */
export interface TlsInput extends KeyPair {
  /** Further certificates by the name that a caller asks for (SNI): `"db.example.com"`, `"*.example.com"`. */
  readonly names?: Readonly<Record<string, KeyPair>>;
  /** The authorities that client certificates must lead to. */
  readonly clientCa?: string;
  /** `ask`: one that is shown must be good. `require`: one must be shown; the default with `clientCa`. */
  readonly clientCertificates?: "ask" | "require";
}

export interface LimitsInput {
  readonly authenticate?: Duration;
  readonly unauthenticated?: number;
  readonly loginDelay?: Duration;
  readonly idle?: Duration;
  readonly requestIdle?: Duration;
  readonly sessions?: number;
  readonly sessionsPerIdentity?: number;
  readonly header?: Size;
  readonly frame?: Size;
  readonly guardrail?: Duration;
  readonly owed?: number;
  readonly statements?: number;
  readonly buffer?: Size;
  readonly recorder?: Size;
}

type NameOf<R> = keyof R & string;
type ProtocolOf<R extends Resources> = R[NameOf<R>]["protocol"]["name"];
type NamesOfProtocol<R extends Resources, P extends string> = {
  [N in NameOf<R>]: R[N]["protocol"]["name"] extends P ? N : never;
}[NameOf<R>];
type NamesIn<R, O> = "*" extends O ? NameOf<R> : Extract<O extends readonly (infer N)[] ? N : O, NameOf<R>>;

/** What every one of these resources' protocols emits. */
type KindsOf<R extends Resources, N extends NameOf<R>> = Exclude<Kind, Missing<R, N>>;
type Missing<R extends Resources, N extends NameOf<R>> = N extends unknown
  ? Exclude<Kind, R[N]["protocol"]["emits"][number]>
  : never;
