import { Hono } from "hono";
import { PosternError } from "../error.ts";
import type { Supervisor } from "../supervisor.ts";
import { operator } from "./request.ts";

export function policyRoutes(supervisor: Supervisor): Hono {
  const { keeper } = supervisor.parts;
  return new Hono()
    .get("/policy", (context) => context.json(keeper.state()))
    .post("/policy/reload", async (context) => {
      await supervisor.admin("policy-reload", operator);
      const state = await supervisor.reload();
      if (state.error) {
        const { code, message, hint } = state.error;
        throw new PosternError("policy.not-reloaded", `${message} (${code})`, {
          hint: hint ?? `The policy ${state.version} stays.`,
        });
      }
      return context.json(state);
    });
}
