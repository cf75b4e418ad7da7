/** pg_trigger.tgenabled and its kin, in words: nobody here sees what session_replication_role is in that session. */
export function enabledWhen(enabled: string): string {
  if (enabled === "A") return ", whatever session_replication_role is";
  return enabled === "R" ? ", only where session_replication_role is replica" : "";
}
