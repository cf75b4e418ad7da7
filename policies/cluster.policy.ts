import { execute, gateway, grant, group, machine, read, write } from "postern";
import { approve, env, kubernetes, oidc, record, serviceAccountToken } from "postern/plugins";

// A cluster: everybody may look, but not at Secrets; a team changes its own namespace; what would own a node, and what
// runs inside of a container, waits for a person. Each session has a token of its own, which ends with it.
const lead = approve({ by: group("leads"), within: "15m" });

export default gateway({
  listen: {
    kubernetes: {
      port: Number(process.env.POSTERN_PORT ?? 6443),
      tls: { cert: "/etc/postern/gateway.crt", key: "/etc/postern/gateway.key" },
    },
  },
  identity: [oidc({ issuer: "https://login.example.com", audience: "postern" })],
  always: [record()],
  resources: {
    prod: kubernetes({
      url: "https://k8s.internal:6443",
      ca: "/etc/postern/k8s-ca.crt",
      credential: serviceAccountToken({ serviceAccount: "postern/caller", admin: env("PROD_TOKEN_MAKER") }),
    }),
  },
  rules: [
    {
      name: "look",
      who: group("developers"),
      on: "prod",
      may: [
        read("pods", "services", "events", "configmaps", "deployments.apps", "replicasets.apps"),
        read("(none)"),
      ],
    },
    {
      name: "shop team",
      who: group("shop"),
      on: "prod",
      may: [write("shop/deployments.apps/*", "shop/deployments.apps:scale/*", "shop/configmaps/*")],
    },
    {
      name: "inside and beyond",
      who: group("shop"),
      on: "prod",
      may: [execute("shop/pods:exec/*"), grant("shop/*:privileged/*")],
      under: [lead],
    },
    {
      name: "deploys",
      who: machine("deploy-bot"),
      on: "prod",
      may: [read("shop/*"), write("shop/deployments.apps/*"), read("(none)")],
      as: "shop/deployer",
    },
  ],
});
