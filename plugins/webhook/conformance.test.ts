import { randomBytes } from "node:crypto";
import { notifierConformance } from "../../core/testing/index.ts";
import { webhook } from "./index.ts";
import { Receiver } from "./testing/receiver.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;

notifierConformance({
  secrets: [secret, secret.slice(6), "path-secret"],
  async start() {
    const receiver = new Receiver(secret);
    await receiver.up();
    return {
      notifier: webhook({ url: receiver.url, secret: { label: "env HOOK", read: async () => secret } }),
      receiver: {
        get received() {
          return receiver.posted.map((one) => JSON.stringify(one)).join("\n");
        },
        behave(how) {
          receiver.manner = how;
        },
        down: () => receiver.down(),
        up: () => receiver.up(),
        stop: () => receiver.down(),
      },
    };
  },
});
