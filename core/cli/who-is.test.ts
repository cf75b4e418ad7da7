import { expect, test } from "bun:test";
import { somebody } from "../policy/fixture.ts";
import { issuersOf, whoIs } from "./who-is.ts";

test("the subject says who it is, whatever name somebody has given themselves", () => {
  const mallory = { ...somebody("u-666"), name: 'Ada" for "\x1b[2K' };
  expect(whoIs(mallory)).toBe('u-666 "Ada\\" for \\"\\u001b[2K"');
  const agent = { ...somebody("agent-7"), issuer: "https://agents", name: "agent-7", actingFor: mallory };
  expect(whoIs(agent)).toBe(`agent-7 for ${whoIs(mallory)}`);
  expect(issuersOf(agent)).toBe("https://agents, test");
});
