import { PosternError } from "../../error.ts";

/**
 * What a gateway elsewhere tells under this name, where it is no more than it may be: a client gets it as an argument or
 * finds it in a file. Throws PosternError `connect.unknown-client`.
 */
export function toldOf(given: Readonly<Record<string, string>>, name: string, form: RegExp): string {
  const value = given[name] ?? "";
  if (form.test(value)) return value;
  throw new PosternError(
    "connect.unknown-client",
    `What the gateway says of ${name} is not what it may be.`,
    {
      hint: "Is it your gateway? Then update this command, or use `postern credentials issue`.",
    },
  );
}
