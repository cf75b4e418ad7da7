import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Identity, NotAccepted } from "../../core/plugin.ts";
import { type ProviderKey, providerKey } from "../../test/servers/oidc.ts";
import { type OidcOptions, oidc } from "./index.ts";

// Claims as each of these issuers documents them; one mechanism for all: issuer and claim conditions.
const audience = "postern";
let key: ProviderKey;
let folder: string;
beforeAll(async () => {
  key = await providerKey("workloads");
  folder = mkdtempSync(join(tmpdir(), "postern-jwks-"));
  publish("jwks.json", { use: "sig" });
});
afterAll(() => rmSync(folder, { recursive: true }));

function publish(name: string, more: object): void {
  const { kty, n, e, kid } = key.jwk;
  writeFileSync(join(folder, name), JSON.stringify({ keys: [{ kty, n, e, kid, ...more }] }));
}

interface Workload {
  readonly options: Omit<OidcOptions, "audience" | "jwks">;
  readonly claims: Record<string, unknown>;
  readonly becomes: Partial<Identity>;
  /** What another workload of the same issuer would have instead. */
  readonly others: readonly Record<string, unknown>[];
}

const workloads: Record<string, Workload> = {
  "GitHub Actions": {
    options: {
      issuer: "https://token.actions.githubusercontent.com",
      kind: "machine",
      subject: "repository",
      claims: { repository: "acme/app", ref: /refs\/heads\/(main|release-.+)/, environment: "production" },
    },
    claims: {
      sub: "repo:acme/app:environment:production",
      repository: "acme/app",
      repository_owner: "acme",
      ref: "refs/heads/main",
      environment: "production",
      job_workflow_ref: "acme/app/.github/workflows/deploy.yml@refs/heads/main",
      event_name: "push",
    },
    becomes: { subject: "acme/app", kind: "machine", groups: [] },
    others: [
      { repository: "acme/app-fork" },
      { ref: "refs/pull/7/merge" },
      { ref: "refs/heads/feature/refs/heads/main" },
      { environment: undefined },
    ],
  },
  GitLab: {
    options: {
      issuer: "https://gitlab.example.com",
      kind: "machine",
      subject: "project_path",
      claims: { project_path: "acme/app", ref_protected: "true", ref_type: ["branch", "tag"] },
      groups: "user_access_level",
    },
    claims: {
      sub: "project_path:acme/app:ref_type:branch:ref:main",
      project_path: "acme/app",
      namespace_path: "acme",
      ref: "main",
      ref_type: "branch",
      ref_protected: "true",
      user_access_level: "maintainer",
    },
    becomes: { subject: "acme/app", kind: "machine", groups: ["maintainer"] },
    others: [{ project_path: "acme/other" }, { ref_protected: "false" }],
  },
  "a Kubernetes service account": {
    options: {
      issuer: "https://kubernetes.default.svc.cluster.local",
      kind: "machine",
      claims: { "kubernetes.io": { namespace: "ci", serviceaccount: { name: ["deploy", "migrate"] } } },
    },
    claims: {
      sub: "system:serviceaccount:ci:deploy",
      "kubernetes.io": {
        namespace: "ci",
        pod: { name: "deploy-7f9", uid: "b6a1" },
        serviceaccount: { name: "deploy", uid: "0c7e" },
      },
    },
    becomes: { subject: "system:serviceaccount:ci:deploy", kind: "machine" },
    others: [
      { "kubernetes.io": { namespace: "dev", serviceaccount: { name: "deploy" } } },
      { "kubernetes.io": { namespace: "ci", serviceaccount: { name: "default" } } },
      { "kubernetes.io": undefined },
    ],
  },
};

const open = (options: Omit<OidcOptions, "audience">) =>
  oidc({ audience, ...options }).open({ dataDir: "unused", loopbackOnly: true });
const exp = () => Math.floor(Date.now() / 1000) + 600;

for (const [name, { options, claims, becomes, others }] of Object.entries(workloads)) {
  test(`${name}: the workload that the policy names, and no other`, async () => {
    const { identify } = await open({ ...options, jwks: join(folder, "jwks.json") });
    const good = { iss: options.issuer, aud: audience, exp: exp(), ...claims };
    expect(await identify(await key.sign(good))).toMatchObject({ issuer: options.issuer, ...becomes });
    for (const other of others) {
      const token = await key.sign({ ...good, ...other });
      const refused = await identify(token).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(NotAccepted);
      expect(String(refused)).toContain(Object.keys(other)[0] ?? "");
    }
  });
}

describe("a SPIFFE JWT-SVID", () => {
  const issuer = "spiffe://prod.acme.example";
  const svid = (more: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
    key.sign({ sub: `${issuer}/ci/deploy`, aud: [audience], exp: exp(), ...more }, header);
  const opened = async (claims = {}) => {
    publish("bundle.json", { use: "jwt-svid" });
    return open({ issuer, jwks: join(folder, "bundle.json"), kind: "machine", ...claims });
  };

  test("needs no issuer claim: the trust domain is in its subject", async () => {
    const { identify } = await opened();
    const identity = { issuer, subject: `${issuer}/ci/deploy`, kind: "machine" };
    expect(await identify(await svid())).toMatchObject(identity);
    expect(await identify(await svid({ iss: "https://spire.acme.example" }, { typ: "JOSE" }))).toMatchObject(
      identity,
    );
  });

  test("of another trust domain it is somebody else's, and without one nobody's", async () => {
    const { identify } = await opened();
    for (const sub of ["spiffe://dev.acme.example/ci", `${issuer}.evil/ci`, issuer, "ci/deploy", undefined]) {
      expect(await identify(await svid({ sub }))).toBeUndefined();
    }
    await expect(identify(await svid({ aud: "else" }))).rejects.toThrow(/"aud"/);
    await expect(
      identify(
        await (await providerKey("workloads")).sign({ sub: `${issuer}/x`, aud: audience, exp: exp() }),
      ),
    ).rejects.toThrow(/signature/);
  });

  test("claim conditions choose among them", async () => {
    const { identify } = await opened({ claims: { sub: /spiffe:\/\/prod\.acme\.example\/ci\/.+/ } });
    expect(await identify(await svid())).toBeDefined();
    await expect(identify(await svid({ sub: `${issuer}/web/front` }))).rejects.toThrow(/sub/);
  });

  test("X.509 authorities of the bundle sign no token", async () => {
    publish("x509.json", { use: "x509-svid" });
    const { identify } = await open({ issuer, jwks: join(folder, "x509.json"), kind: "machine" });
    await expect(identify(await svid())).rejects.toThrow(/no applicable key/);
  });
});

test("a file of keys may be replaced while the gateway runs", async () => {
  const issuer = "https://kubernetes.default.svc.cluster.local";
  const jwks = join(folder, "replaced.json");
  publish("replaced.json", {});
  const { identify } = await open({ issuer, jwks, jwksCooldown: "0s" });
  const claims = { iss: issuer, aud: audience, sub: "system:serviceaccount:ci:deploy", exp: exp() };
  expect(await identify(await key.sign(claims))).toBeDefined();
  const next = await providerKey("next");
  const { kty, n, e, kid } = next.jwk;
  writeFileSync(jwks, JSON.stringify({ keys: [{ kty, n, e, kid }] }));
  expect(await identify(await next.sign(claims))).toBeDefined();
});
