/** PostgreSQL's wording in messages that name things and not values, in lower case. */
export const vocabulary: ReadonlySet<string> = new Set(
  `a aborted access actual add administrator after aggregate alias all allowed already ambiguous an and any appear
  appears argument arguments array as assignment at attribute authorization be because before between block boolean
  but by called calls can cancel canceling cannot casts cast clause close closed code column columns command
  commands commit connection conflicting conflict constraint contain contains could create current cursor database
  deadlock default defined delete denied dependent depend depends detected did different disabled distinct division
  does domain drop due duplicate each either element empty end error exceeded execute exist exists explicit
  expression expressions extend extension failed failure false few file following for foreign format found from
  full function functions given grant group had has have having hint holds if ignored immutable implemented in
  index input insert insufficient integer into invalid is it join key keys kind language large left limit list lock
  locks many match matches matching maximum might missing more multiple must name named names near need no non none
  not null number numeric object of off on one only operation operator operators or order other out outer outside
  parameter parameters parent parentheses partition perhaps permission permissions persistent placed placeholder plan
  position prepared primary privilege privileges procedure process program query range read reached record recovery
  recursive reference referenced references relation relations remaining reserved resource result results return
  returned returning returns right role roles row rows savepoint schema select sequence server session set shared
  should shutdown shut signature single size slots source specified specify start state statement statements static
  string sub subquery such superuser supported syntax table tables target temporary term terminating text that the
  their there this time timeout timestamp to too transaction transactions transition trigger true two type types
  undefined unexpected union unique unknown unrecognized until update use used user uses using valid value values
  variable version view violates violation wait waiting waits was when where which while with within without
  works write yet you
  bigint bit bytea char character double inet interval json jsonb oid precision real smallint time uuid varchar
  varying xml zone date zero backend idle connections remain exclusive lock sharelock relationship serialize
  concurrent updates could obtain released down crash point occurred request skipping progress`.split(/\s+/),
);
