import { expect, test } from "bun:test";
import type { RequestAnswered } from "../../control/api.ts";
import { FakeControl, problem } from "../testing/cli.ts";

const sam = { issuer: "i", subject: "sam", kind: "person", groups: ["support"] } as const;
const env = { POSTERN_TOKEN: "sam" };
const waiting: RequestAnswered = {
  request: {
    ...{
      id: "req_1",
      identity: sam,
      resource: "shop",
      rules: ["fix"],
      for: 3_600_000,
      because: "CHG\x1b[2K",
    },
    ...{ openedAt: Date.now(), expires: Date.now() + 60_000, by: "group leads", approvers: 2, approved: [] },
    digest: "d1",
  },
};
const open: RequestAnswered = {
  request: { ...waiting.request, how: "approved", approved: [sam] },
  grant: {
    ...{ id: "grant_1", request: "req_1", identity: sam, resource: "shop", rules: ["fix"] },
    ...{ from: 0, until: Date.UTC(2030, 0, 1), by: [], breakGlass: false },
  },
};

test("asks, and says how to approve it", async () => {
  await using control = new FakeControl(() => waiting);
  const asked = ["request", "shop", "--for", "1h", "--because", "CHG", "--ticket", "OPS-1", "--rule", "fix"];
  const { code, out, err } = await control.cli(asked, { env });
  expect([code, err]).toEqual([0, "To approve it: postern approvals approve req_1\n"]);
  expect(out).toContain("two of group leads");
  expect(out).toContain("CHG\\x1b[2K");
  const body = { resource: "shop", for: "1h", because: "CHG", ticket: "OPS-1", rules: ["fix"] };
  expect(control.asked[0]).toMatchObject({ method: "POST", path: "/v1/requests", token: "sam", body });
});

test("waits until it is answered", async () => {
  const answers: RequestAnswered[] = [waiting, waiting, open];
  await using control = new FakeControl(() => answers.shift() ?? open);
  const { code, out } = await control.cli(["request", "shop", "--wait"], { env });
  expect([code, out]).toEqual([0, "grant_1 is open until 2030-01-01 00:00:00 UTC.\n"]);
  expect(control.asked.map(({ path }) => path).slice(1)).toEqual([
    "/v1/requests/req_1",
    "/v1/requests/req_1",
  ]);
});

test("denied while it waits is a failure, and so is what the gateway refuses", async () => {
  const denied: RequestAnswered = { request: { ...waiting.request, how: "denied" } };
  await using control = new FakeControl(({ method }) => (method === "POST" ? waiting : denied));
  const { code, err } = await control.cli(["request", "shop", "--wait"], { env });
  expect([code, err]).toEqual([1, expect.stringContaining("was denied. [grant.not-granted]")]);
  await using stern = new FakeControl(() => problem(400, "grant.too-long", "Too long."));
  expect((await stern.cli(["request", "shop", "--for", "9h"], { env })).err).toContain("[grant.too-long]");
});

test("whoever answers reads what has become of the request, also where it is not listed any more", async () => {
  const lea = { ...sam, subject: "lea" };
  const { request } = waiting;
  let requests = [request];
  await using control = new FakeControl(({ method, path }) => {
    if (path === "/v1/whoami") return { identity: lea };
    if (method === "GET") return { approvals: [], requests };
    requests = [];
    return new Response(null, { status: 204 });
  });
  const stateAfter = async (verb: string, of: typeof request) => {
    requests = [of];
    const { out } = await control.cli(["approvals", verb, "req_1"], { env });
    return /state +(.*)/.exec(out)?.[1];
  };
  expect(await stateAfter("approve", request)).toStartWith("waits, 1 of 2 approved");
  expect(await stateAfter("approve", { ...request, approved: [sam] })).toBe("approved by sam and lea");
  expect(await stateAfter("approve", { ...request, approvers: 1 })).toBe("approved by lea");
  expect(await stateAfter("deny", { ...request, approved: [sam] })).toBe("denied, after sam had approved");
});
