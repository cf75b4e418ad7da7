import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Postern } from "../../test/postern.ts";
import { commandLine } from "../processes.ts";
import { freePort, startProgram } from "../program.ts";
import type { HttpPeer } from "./peer.ts";

/** What the policy asks of Postern: each adds one thing. */
const variants = {
  rule: { title: "Postern, a rule", under: "", answers: `"none"` },
  record: { title: "recorded", under: "", answers: `"all"` },
  mask: {
    title: "masked",
    under: `mask({ answers: ["document", "stream"], detect: ["email", "card"] })`,
    answers: `"none"`,
  },
} as const;
export type Variant = keyof typeof variants;

/** nginx, one process, serving files: 1 KB of JSON and a large one. */
export async function origin(folder: string, megabytes: number): Promise<HttpPeer> {
  const files = join(folder, "files");
  mkdirSync(files);
  const row = `{"id":1,"name":"somebody or other","note":"a line of text as there are many"},\n`;
  writeFileSync(join(files, "small"), `{"rows":[${row.repeat(12)}{}]}\n`.slice(0, 1024).padEnd(1024));
  writeFileSync(join(files, "large"), Buffer.alloc(megabytes << 20, row));
  const port = freePort();
  const server = `root ${files}; default_type text/plain; location = /small { default_type application/json; }`;
  const program = await nginx(folder, "origin", port, server, "");
  return { ...program, id: "direct", title: "direct", carries: [], processes: [] };
}

/** nginx as a reverse proxy with kept connections, one process. */
export function nginxProxy(folder: string, originUrl: string): Promise<HttpPeer> {
  const { host } = new URL(originUrl);
  return nginx(
    folder,
    "proxy",
    freePort(),
    `location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }`,
    `upstream origin { server ${host}; keepalive 128; }`,
  );
}

export async function haproxy(folder: string, originUrl: string): Promise<HttpPeer> {
  const port = freePort();
  const config = join(folder, "haproxy-http.cfg");
  writeFileSync(
    config,
    `global
  nbthread 1
  maxconn 5000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  http-reuse always
frontend callers
  bind 127.0.0.1:${port}
  acl known req.hdr(authorization) -m beg Bearer
  http-request deny if !known
  default_backend origin
backend origin
  server origin ${new URL(originUrl).host}
`,
  );
  const { pid, close } = await startProgram("haproxy", ["-db", "-f", config], port);
  const url = `http://127.0.0.1:${port}/`;
  return {
    id: "haproxy",
    title: "HAProxy",
    url,
    fields: ["Authorization: Bearer anything"],
    carries: [pid],
    processes: [pid],
    compiles: false,
    close,
  };
}

/** A gateway with one worker, as an operator would start it. */
export async function postern(folder: string, originUrl: string, variant: Variant): Promise<HttpPeer> {
  const own = join(folder, variant);
  mkdirSync(own);
  const policy = join(own, "policy.ts");
  const { under, answers, title } = variants[variant];
  writeFileSync(
    policy,
    `
import { gateway, group } from "postern";
import { http, local, mask, record } from "postern/plugins";
export default gateway({
  listen: { http: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  always: [record({ answers: ${answers} })],
  resources: { origin: http({ url: "${originUrl.replace(/\/$/, "")}" }) },
  rules: [{ name: "bench", who: group("bench"), on: "origin", may: ["read", "write"], under: [${under}] }],
});
`,
  );
  const gateway = new Postern(policy, join(own, "data"), join(own, "gateway.log"), {});
  await gateway.start();
  const login = ["token", "mint", "--subject", "bench", "--group", "bench", "--ttl", "8h"];
  const minted = await gateway.postern(login);
  if (minted.code !== 0) throw new Error(minted.stderr);
  const processes = gateway.processes().map(Number);
  return {
    id: variant,
    title,
    url: `http://127.0.0.1:${gateway.port}/origin/`,
    fields: [`Authorization: Bearer ${minted.stdout.trim()}`],
    carries: processes.filter((pid) => commandLine(pid).includes("worker-process")),
    processes,
    compiles: true,
    close: () => gateway.kill(),
  };
}

async function nginx(
  folder: string,
  id: string,
  port: number,
  server: string,
  before: string,
): Promise<HttpPeer> {
  const config = join(folder, `nginx-${id}.conf`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${join(folder, `nginx-${id}-${name}`)};`)
    .join(" ");
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${join(folder, `nginx-${id}.pid`)}; error_log /dev/null; user root;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000; ${temporary}
  ${before}
  server { listen 127.0.0.1:${port}; ${server} }
}
`,
  );
  const { pid, close } = await startProgram("nginx", ["-c", config, "-e", "/dev/null"], port);
  const own = { url: `http://127.0.0.1:${port}/`, fields: [], carries: [pid], processes: [pid] };
  return { id: "nginx", title: "nginx", ...own, compiles: false, close };
}
