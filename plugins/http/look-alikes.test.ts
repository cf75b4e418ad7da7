import { expect, test } from "bun:test";
import { read } from "../../core/index.ts";
import { type HttpOptions, http } from "./index.ts";

const well = "ok no right by path is covered by a wider one under another spelling";
const told = async (options: Partial<HttpOptions>, rights: unknown[]) => {
  const { protocol, config } = http({ url: "https://a.example", ...options });
  const found = await protocol.examine?.({ config } as never, { rights, sessions: [] } as never);
  return found?.map(({ state, message }) => `${state} ${message.replace(/^.*: /, "")}`);
};

test("a right by path that a wider one takes in under another spelling is warned of", async () => {
  expect(await told({}, [read("/admin/*"), read("/*")])).toEqual(["warn read(/admin/*) (read(/*))"]);
  expect(await told({}, [read("/admin/*"), { effect: "read", label: "read" }])).toEqual([
    "warn read(/admin/*) (read)",
  ]);
  expect(await told({}, [read("/admin/*"), read("/api/*")])).toEqual([well]);
  expect(await told({}, [read("/admin/*")])).toEqual([well]);
});

test("a route makes other spellings of its path unknown, so there is nothing to warn of", async () => {
  const routes = [{ method: "GET", path: "/admin/:id", effect: "read", as: "admin" }] as const;
  expect(await told({ routes }, [read("/admin/*"), read("/*")])).toEqual([well]);
});
