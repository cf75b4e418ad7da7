import { expect, test } from "bun:test";
import { checkConfig } from "./config.ts";

const good = { host: "bastion", user: "ops", hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==" } as const;

test("a host is named with how it proves itself and what reads its commands", () => {
  expect(() => checkConfig(good)).not.toThrow();
  expect(() => checkConfig({ ...good, shell: "other" })).not.toThrow();
  const { hostKey: _, ...unproven } = good;
  expect(() => checkConfig(unproven)).toThrow(expect.objectContaining({ code: "resource.config" }));
});

test("a shell that nobody here can read is no choice", () => {
  const zsh: object = { shell: "zsh" };
  expect(() => checkConfig({ ...good, ...zsh })).toThrow(expect.objectContaining({ code: "policy.option" }));
});
