import type { X509Certificate } from "node:crypto";
import type { CredentialSource } from "./credential/source.ts";
import type { PosternError } from "./error.ts";
import type { Bypass, Examined, HandedOut } from "./examined.ts";
import type { Gate } from "./gate.ts";
import type { Kind } from "./guardrail.ts";
import type { DeviceLogin } from "./identity/device-login.ts";
import type { CallerCredential, Identity, KeyOffer, ScramVerifier, TokenDiscovery } from "./identity.ts";
import type { Action, Classified, Effect, Reason } from "./operation.ts";
import type { Permit } from "./permit.ts";
import type { Limits, TlsConfig } from "./policy.ts";
import type { Secret } from "./secret.ts";
import type { BegunLogin, BrowserLoginWish, FinishedLogin, ShownLogin } from "./supervision.ts";
import type { Visiting } from "./visiting.ts";
import type { Wire } from "./wire.ts";

/** What every protocol has, however its sessions come about. */
interface Speaking<Config, Emits extends Kind, Name extends string> {
  /** A literal type (`"postgres"`) lets a policy's `listen` be checked in the editor. */
  readonly name: Name;
  readonly emits: readonly Emits[];
  /** Its connections are always encrypted, by itself: its listeners need no TLS. */
  readonly encrypts?: true;
  /** Its clients ask people while they log in (is this the right host? what is the password?): that takes longer. */
  readonly asksPeople?: true;
  /**
   * A message that this protocol handed to `Door.deliver`, here or in another worker. It comes from
   * the gateway itself; what a caller wrote into it is still the caller's.
   */
  delivered?(message: Uint8Array): void | Promise<void>;
  /** Says no in the protocol's own form. The wire is closed after it. `session` is absent before one opens. */
  refuse(caller: Wire, reason: Reason, session?: string): void;
  /** What a text would do, for `policy explain` and policy tests. */
  classify?(text: string, config: Config): Promise<readonly Action[] | Classified>;
  /** Renders a recording for a terminal. */
  replay?(): Replay;
  /** Environment and command of an ordinary client. */
  client?(access: ClientAccess, config: Config): ClientLaunch | Promise<ClientLaunch>;
  /** What callers know this gateway by, in words, for `postern doctor`: host keys. Makes nothing that is not there. */
  knownBy?(dataDir: string): Promise<readonly string[]>;
  /** Who is logged in at the resource and did not come through a gateway that shares our roles, for `postern doctor RESOURCE`. */
  bypasses?(permit: Permit<Config>): Promise<readonly Bypass[]>;
  /**
   * What the resource says of itself and of the gateway's own login there, for `postern doctor RESOURCE`: whether it may do what
   * rules hand out, and what it, or what sessions run as, may do beyond. Changes nothing. Throws PosternError `resource.*`.
   */
  examine?(permit: Permit<Config>, rules: HandedOut): Promise<readonly Examined[]>;
}

/**
 * A plugin that speaks one wire protocol, a session a connection. Core owns the order: accept, identify, decide, open
 * the session, dial with a Permit, relay. A protocol supplies bytes and wording and cannot skip a step.
 */
export interface ConnectionProtocol<Config = unknown, Emits extends Kind = Kind, Name extends string = string>
  extends Speaking<Config, Emits, Name> {
  /**
   * Reads start-up and credentials from a new connection; asks `door.identify` as often as it must.
   * Returns undefined when the connection asked for something that is over now (a cancel, a probe).
   * Throws a PosternError to refuse: core then calls `refuse`.
   */
  accept(caller: Wire, door: Door): Promise<Arrival | Carrier | undefined>;
  /** Opens and authenticates the connection to the resource: the only place that sees its credential. */
  dial(permit: Permit<Config>, arrival: Arrival): Promise<Dialed>;
  /** Carries traffic until either side is done. Resolves then; core closes both wires. A function that waits for it keeps all it sees. */
  relay(link: Link<Config>): Promise<void>;
}

/**
 * The same where each request brings its identity and names a resource (HTTP): a session is an identity's use of a
 * resource from one address, over however many connections, until it rests for `limits.requestIdle`.
 */
export interface RequestProtocol<Config = unknown, Emits extends Kind = Kind, Name extends string = string>
  extends Speaking<Config, Emits, Name> {
  /**
   * Serves one connection until it is over, request after request: finds out whose each is (`door.identify`), has core
   * open or find its session (`door.visit`), and brings it to that session's gate. Until the first identity is known,
   * the limits for strangers count. Throws a PosternError to refuse the connection: core then calls `refuse`.
   */
  serve(caller: Wire, door: RequestDoor<Config>): Promise<void>;
  /** Reads the credential and makes what one session needs to reach its resource: once a session, before its first request. */
  reach(permit: Permit<Config>, arrival: Arrival): Promise<Reach>;
}

export type Protocol<Config = unknown, Emits extends Kind = Kind, Name extends string = string> =
  | ConnectionProtocol<Config, Emits, Name>
  | RequestProtocol<Config, Emits, Name>;

/** What one session of requests uses of its resource: its credential, its connections. */
export interface Reach {
  /** What nobody may do there, whatever the rules say; undefined: nothing against it. */
  refuses?(action: Action): Reason | undefined;
  /** The session is over: nothing of it stays open. */
  close(): void;
}

/** What core offers a protocol whose requests each bring an identity. */
export interface RequestDoor<Config = unknown> extends Door {
  /**
   * The session of this identity on this resource: the one that is open from this address, else a new one. Throws a
   * PosternError where policy, a limit or the resource says no; the trail has it then.
   */
  visit(arrival: Arrival): Promise<Visit<Config>>;
  readonly browser: BrowserDoor;
  /** A request failed by a fault of the protocol's own: for the operator's log. */
  failed(error: unknown): void;
}

/** How people come in who have a browser and no credential: they sign in at the identity provider, and come back. */
export interface BrowserDoor {
  /** Where to send them. undefined: no identity provider signs people in that way, or the gateway has no `web`. */
  begin(wish: BrowserLoginWish): Promise<BegunLogin | undefined>;
  /** Throws PosternError `identity.refused`, which says nothing of why, `policy.no-rule`, `credential.*`. */
  finish(shown: ShownLogin): Promise<FinishedLogin>;
  /** Revokes the credential that this identity was proved by; what it opened ends. */
  signOut(identity: Identity): Promise<void>;
}

/** A session of requests, in the hands of one connection. */
export interface Visit<Config = unknown> {
  readonly gate: Gate;
  readonly config: Config;
  readonly limits: Limits;
  /** What the protocol's `reach` returned. */
  readonly reach: Reach;
  /** False: the session is over, or the policy has another resource under this name; ask the door again. */
  readonly current: boolean;
  /** For a connection of the gateway's own to the same resource; written to the trail as the gateway's. */
  controlPermit(purpose: string): Permit<Config>;
  /**
   * A request of this session is under way until it leaves; meanwhile the session does not rest. Throws a PosternError
   * where the session is over: ask for it in the same turn of the loop in which `current` was seen to be true.
   */
  enter(who: Visiting): void;
  leave(who: Visiting): void;
}

/** What core offers a protocol that is accepting a connection. */
export interface Door {
  /** Where the listener is bound and whether it may ask for secrets in clear. */
  readonly listener: ListenerInfo;
  readonly limits: Limits;
  /** The data folder; a protocol keeps what it must keep under its own name there. */
  readonly dataDir: string;
  /** Configurations of the resources that callers of this listener may name. */
  readonly resources: Readonly<Record<string, unknown>>;
  /** Throws a PosternError `identity.refused` that says nothing of why; the why is in trail and log. */
  identify(credential: CallerCredential): Promise<Identity>;
  /**
   * Who shows this client certificate (`Wire.tls.peer`), which TLS has verified; undefined: no identity provider knows
   * it, so the caller must show something else. Throws as `identify` does.
   */
  certified(certificate: X509Certificate): Promise<Identity | undefined>;
  /**
   * Whose public key this is; undefined: no provider knows it, which is no failed login yet (a client offers all that
   * it has): the protocol calls `refused` where nothing else comes. It lets nobody in by it before the caller has proved that it holds the private key.
   */
  keyed(offer: KeyOffer): Promise<Identity | undefined>;
  /**
   * A person signs in with a browser, on whatever machine: `show` tells where. Takes its time, for as long as `signal`
   * allows and five minutes at most. undefined: no identity provider offers it. Throws as `identify` does.
   */
  readonly device:
    | ((show: (login: DeviceLogin) => void, signal: AbortSignal) => Promise<Identity>)
    | undefined;
  /** Where a caller that has no token yet gets one, by the first identity provider that says so; undefined: none does. */
  readonly discovery: TokenDiscovery | undefined;
  /** For SCRAM: the verifier of a short-lived credential, before its proof. Unknown ids get a decoy. */
  verifier(id: string): Promise<ScramVerifier>;
  /**
   * The protocol found a proof wrong by itself: writes `check` to the trail; throw what it returns. `shown`: what
   * was wrong, for the words that its caller reads. Default `credential`.
   */
  refused(check: string, shown?: "credential" | "certificate" | "key"): PosternError;
  /** Somebody who is known asked for what there is no session for (a jump elsewhere): writes it to the trail. */
  denied(identity: Identity, resource: string, reason: Reason): void;
  /** A connection inside of this one, as if it had come to the listener itself. Its `remote` is the outer one's. */
  enter(inner: Wire): void;
  /**
   * Hands a message to this protocol's `delivered` in every worker, this one too. Resolves when it was taken there, or
   * nobody is there to take it.
   */
  deliver(message: Uint8Array): Promise<void>;
}

export interface ListenerInfo {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly insecure: boolean;
  /** Callers can turn to TLS (`Wire.secure`). */
  readonly tls?: TlsConfig;
  /** The one resource this listener serves; absent: the caller names it. */
  readonly resource?: string;
}

export interface Arrival {
  readonly identity: Identity;
  /** The resource's name as policy knows it. */
  readonly resource: string;
  /** What the client says of itself, for trail and lists: `psql`, `pgbench`. */
  readonly application?: string;
  /** The protocol's own start-up state, handed back to dial and relay. */
  readonly state?: unknown;
}

/**
 * A connection that is no session itself: others come inside of it (an SSH jump host). Whoever opened it has
 * been identified; each inner connection goes the whole way by itself, from `Door.enter` on.
 */
export interface Carrier {
  readonly carries: Identity;
  /** Resolves when it is over; the wire is closed then. */
  readonly over: Promise<void>;
}

/** A connection to the resource that is ready for the caller's first operation. */
export interface Dialed {
  readonly wire: Wire;
  /** What the resource said at start-up that relay passes on. */
  readonly state?: unknown;
  /**
   * What nobody may do over this connection, whatever the rules say; undefined: nothing against it. `effects`: what the
   * session's rights allow now.
   */
  refuses?(action: Action, effects: ReadonlySet<Effect>): Reason | undefined;
}

/** All that one session's relay needs. */
export interface Link<Config = unknown> {
  readonly caller: Wire;
  readonly resource: Wire;
  readonly gate: Gate;
  readonly arrival: Arrival;
  readonly config: Config;
  readonly dialed: Dialed;
  readonly limits: Limits;
  /** For a connection of the gateway's own to the same resource (catalogue, cancel); written to the trail as the gateway's. */
  controlPermit(purpose: string): Permit<Config>;
  /** As `Door.deliver`. */
  deliver(message: Uint8Array): Promise<void>;
}

/** A registered backend, as its factory (`postgres({...})`) returns it to the policy file. */
export interface Resource<Config = unknown, Emits extends Kind = Kind, Name extends string = string> {
  readonly protocol: Protocol<Config, Emits, Name>;
  readonly config: Config;
  readonly credential?: Secret | CredentialSource<Config>;
}

/** How an ordinary client of this protocol reaches a resource through the gateway, for `postern connect`. */
export interface ClientAccess {
  readonly resource: string;
  /** The listener, as callers reach it. */
  readonly host: string;
  readonly port: number;
  /** Callers turn to TLS there. */
  readonly tls: boolean;
  /** The listener is this resource's alone: callers name none. */
  readonly own?: true;
  /** PEM file of the authority that the listener's certificate leads to, on the caller's machine. */
  readonly ca?: string;
  /** The gateway's data folder: where callers know it by a key of its own, its public half is there. */
  readonly dataDir: string;
  /** A short-lived credential for this resource. */
  readonly user: string;
  readonly password: string;
}

export interface ClientLaunch {
  /** What starts when nothing else is asked for: `["psql"]`. */
  readonly command: readonly string[];
  /** What the clients of this protocol read: `PGHOST`, `PGPASSWORD`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables that would lead them elsewhere, taken out of the caller's own environment. */
  readonly without?: readonly string[];
}

/** One recorded thing, in order. `at` is milliseconds since the recording began. */
export type Recorded =
  | { readonly at: number; readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly at: number; readonly kind: "event"; readonly name: string; readonly data: unknown };

export interface Replay {
  /** The text to show for this event; "" when it shows nothing. */
  show(event: Recorded): string;
  /** What of it happened in a terminal. Each event is handed to both, this one first. */
  terminals?(event: Recorded): readonly TerminalEvent[];
}

/** What happened in one of a session's terminals; `text` is as it was, control characters and all. */
export type TerminalEvent =
  | {
      readonly channel: number;
      readonly type: "open";
      readonly term: string;
      readonly columns: number;
      readonly rows: number;
    }
  | { readonly channel: number; readonly type: "output" | "input"; readonly text: string }
  | { readonly channel: number; readonly type: "resize"; readonly columns: number; readonly rows: number };
