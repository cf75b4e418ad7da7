/** What a database tells of those who use it: the ground that a draft policy stands on. */
export interface Facts {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** `server_version`: `15.8 (Debian …)`. */
  readonly version: string;
  /** Whether our own connection was protected by TLS. */
  readonly tls: boolean;
  /** Roles that can log in, by name. */
  readonly roles: readonly RoleFacts[];
  readonly uses: readonly Use[];
}

export interface RoleFacts {
  readonly name: string;
  readonly superuser: boolean;
  readonly createsRoles: boolean;
  readonly createsDatabases: boolean;
  readonly replicates: boolean;
  readonly bypassesRowSecurity: boolean;
  /** Roles that it is a member of, itself or through others. */
  readonly memberOf: readonly string[];
  /** What it may in each schema that it may use, by inheritance as well. */
  readonly schemas: readonly SchemaRights[];
}

export interface SchemaRights {
  readonly schema: string;
  /** Tables, views and foreign tables there are. */
  readonly tables: number;
  readonly readable: readonly string[];
  /** INSERT or UPDATE. */
  readonly writable: readonly string[];
  /** DELETE or TRUNCATE. */
  readonly deletable: readonly string[];
  /** CREATE on the schema, or it owns tables there. */
  readonly defines: boolean;
}

/** Connections that are open now, of one role, from one address, under one name. */
export interface Use {
  readonly role: string;
  readonly from: string;
  readonly application: string;
  readonly count: number;
}
