import type { Conversation } from "./conversation.ts";
import { look } from "./forms.ts";
import type { Message } from "./message.ts";
import type { Operator } from "./operate.ts";
import { OwedOperation, OwedUse } from "./owed.ts";
import { fieldsOf, pathField } from "./path-requests.ts";
import type { Resolver } from "./resolve.ts";

/**
 * `expand-path@openssh.com` (`~/x`, `~alice/x`) and `home-directory` (a user's name; none: one's own): they tell a
 * path, and are decided as a look at it. Of somebody else's home only the name is known: `~alice`. Throws as `pathField` does.
 */
export async function homeRequest(
  message: Message,
  extension: string,
  conversation: Conversation,
  operator: Operator,
  resolver: Resolver,
): Promise<void> {
  const { id, pieces } = message;
  const fields = fieldsOf(message, extension);
  const said = pathField(fields);
  fields.end();
  const path = extension === "home-directory" ? `~${said}` : said;
  if (path === "~") return await conversation.request(id, new OwedUse(undefined), pieces);
  const own = path.startsWith("~/") ? `${resolver.home}/${path.slice(2)}` : path;
  if (!own.startsWith("~")) {
    const { path: real } = await resolver.place(own, true);
    return await tell(real);
  }
  await tell(own.split("/").includes("..") ? "*" : own);

  async function tell(on: string): Promise<void> {
    const { pass } = await operator.admit(id, {
      text: `expand-path ${JSON.stringify(path)}`,
      actions: [look(on)],
    });
    if (pass) await conversation.request(id, new OwedOperation(pass), pieces);
  }
}
