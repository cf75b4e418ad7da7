import { expect, test } from "bun:test";
import { NotAccepted } from "../identity.ts";
import { claimedIssuer, longestToken } from "./claimed.ts";

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("names the issuer of any JWT, verified or not", () => {
  expect(claimedIssuer(`${part({ alg: "none" })}.${part({ iss: "https://a" })}.`)).toBe("https://a");
});

test("is undefined for what is no JWT or names no issuer", () => {
  for (const token of [
    "",
    "secret",
    "a.b.c",
    `${part({})}.${part({ iss: 7 })}.`,
    `${part({})}.${part([])}.x`,
  ]) {
    expect(claimedIssuer(token)).toBeUndefined();
  }
});

test("refuses to parse a token over the limit", () => {
  const long = `${part({})}.${part({ iss: "https://a", pad: "x".repeat(longestToken) })}.`;
  expect(() => claimedIssuer(long)).toThrow(NotAccepted);
});
