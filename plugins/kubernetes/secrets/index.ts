import {
  type Answer,
  type Guardrail,
  nothing,
  type Operation,
  onlyKnown,
  PosternError,
  type Watch,
} from "../../../core/plugin.ts";
import { isMask, maskOf, namesOf, usual } from "./masks.ts";
import { type Named, replaced } from "./places.ts";
import { quietStatus } from "./status.ts";
import { againstWriting } from "./written.ts";

export interface SecretsOptions {
  /** Names of environment variables of pods, of any kind of workload, whose values are secret: `*PASSWORD*`. */
  readonly environment?: readonly string[];
  /** Keys of ConfigMaps whose values are secret. */
  readonly configMaps?: readonly string[];
  readonly name?: string;
}

/**
 * Shows Secrets without their values, wherever the API shows them: lists, watches, tables, annotations, answers to
 * writes and errors, tokens of service accounts. Keys stay. What was masked and is written back is refused.
 *
 *     maskSecrets()
 *     maskSecrets({ environment: ["*PASSWORD*", "*TOKEN*"], configMaps: ["*.key"] })
 *
 * What a pod prints is for `mask({ answers: "stream", detect: [...] })`. Throws PosternError `policy.option`.
 */
export function maskSecrets(options: SecretsOptions = {}): Guardrail<"document" | "stream"> {
  onlyKnown<SecretsOptions>("maskSecrets", options, { environment: true, configMaps: true, name: true });
  const { environment = [], configMaps = [], name = "maskSecrets" } = options;
  const named: Named = { environment: namesOf(environment), configMap: namesOf(configMaps) };
  return { name, needs: ["document", "stream"], open: () => watch(named) };
}

/**
 * A document without the values of Secrets, and of variables and keys whose names tell: for people who did not ask for
 * it. Of a Secret only what says which one it is: a patch may have moved a value to any other field.
 */
export function masked(value: unknown, ofSecrets: boolean): unknown {
  const told = ofSecrets ? outline(value) : value;
  return replaced(told, usual, (_value, encoding) => maskOf(encoding), ofSecrets);
}

function outline(value: unknown): unknown {
  const { apiVersion, kind, type, metadata, data } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { name, namespace, labels, annotations } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  const keys = { name, namespace, labels: hidden(labels), annotations: hidden(annotations) };
  return { apiVersion, kind, type, metadata: keys, data };
}

function hidden(fields: unknown): unknown {
  if (typeof fields !== "object" || fields === null) return undefined;
  return Object.fromEntries(Object.keys(fields).map((name) => [name, maskOf("text")]));
}

/** Whether a Secret in this document has a mask in the place of a value. */
export function holdsMasks(value: unknown, ofSecrets: boolean): boolean {
  let holds = false;
  replaced(
    value,
    nothingElse,
    (each) => {
      holds ||= isMask(each);
      return each;
    },
    ofSecrets,
  );
  return holds;
}

const nothingElse: Named = { environment: () => false, configMap: () => false };

function watch(named: Named): Watch {
  return {
    operation(operation) {
      const reason = againstWriting(operation, isOf(operation, "secrets"));
      return reason === undefined ? "allow" : { deny: reason };
    },
    answer: (operation) => (shows(operation) ? answerTo(operation, named) : undefined),
  };
}

function answerTo(operation: Operation, named: Named): Answer {
  const ofSecrets = isOf(operation, "secrets");
  const ofConfigMaps = isOf(operation, "configmaps");
  return {
    document(_contentType, value) {
      const quiet = quietStatus(value, ofSecrets, operation.text);
      return replaced(quiet, named, (_value, encoding) => maskOf(encoding), ofSecrets, ofConfigMaps);
    },
    // Others may be able to look into text; nobody finds a Secret in it by its fields.
    stream(chunk) {
      if (chunk.direction === "toCaller" && chunk.bytes.length > 0) throw noObject();
      return chunk;
    },
  };
}

function noObject(): PosternError {
  return new PosternError("answer.withheld", "Secrets are masked, and this answer is no object in JSON.", {
    hint: "Ask for JSON, or ask the operator for a rule without maskSecrets().",
  });
}

function isOf({ actions }: Operation, resource: string): boolean {
  return actions.some(({ within }) => within === resource);
}

/** What a pod says is no object of the API, and nobody could look for a Secret in it by its fields. */
const streams = new Set(["pods:log", "pods:exec", "pods:attach", "pods:portforward"]);

/** Whether objects of the API may be in the answer: not in discovery, figures of the server's own, streams of pods. */
function shows({ actions }: Operation): boolean {
  return !actions.every(({ on }) => {
    if (on === nothing || on.startsWith("url:")) return true;
    return streams.has(on.split("/")[1] ?? "");
  });
}
