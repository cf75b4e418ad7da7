import { PosternError, type Secret } from "../../core/plugin.ts";
import { largest, secretValue, unavailable } from "./value.ts";

/**
 * A credential in an environment variable of the gateway.
 *
 *     postgres({ host: "orders.internal", database: "orders", credential: env("ORDERS_URL") })
 *
 * Throws PosternError `secret.name`; reading throws `secret.unavailable`.
 */
export function env(name: string): Secret {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    // It may be a secret that was pasted where its name belongs: not quoted.
    throw new PosternError("secret.name", "env() takes the name of an environment variable.", {
      hint: 'Write env("ORDERS_URL") and set ORDERS_URL where the gateway starts.',
    });
  }
  const label = `env ${name}`;
  return {
    label,
    async read() {
      const hint = `Set ${name} in the environment of the gateway and start it again.`;
      const value = process.env[name];
      if (value === undefined) throw unavailable(`The environment variable ${name} is not set.`, hint);
      if (Buffer.byteLength(value) > largest)
        throw unavailable(`${label} is longer than ${largest} bytes.`, hint);
      return secretValue(label, value, hint);
    },
  };
}
