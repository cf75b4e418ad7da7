import { readFileSync } from "node:fs";
import { PosternError } from "../../../core/plugin.ts";
import { effectOf } from "./method.ts";
import { pathsOfServers } from "./openapi-servers.ts";
import { type KnownOperation, knownEffect, loosely } from "./operation.ts";
import { templateOf } from "./path-template.ts";

export interface OpenApiOption {
  /** JSON or YAML, OpenAPI 3.0 or 3.1. Read when the policy loads; a relative path begins where the gateway was started. */
  readonly file: string;
  /** What the document does not list is `unknown`. Unless given, its method says what it does. */
  readonly only?: boolean;
}

type Members = Readonly<Record<string, unknown>>;

/** Bytes of a document. */
const longest = 16 * 1024 * 1024;
/** Methods that a path item has (OpenAPI 3.1, 4.8.9.1); a document cannot ask for TRACE here. */
const methods = ["get", "put", "post", "delete", "options", "head", "patch", "query"];

/**
 * The operations of a document, what is literal before what is a template (OpenAPI 3.1, 4.8.8.2). `base`: what the
 * resource's paths begin with, before what callers ask for. Throws PosternError `resource.config`.
 */
export function openApiOperations({ file }: OpenApiOption, base: string): KnownOperation[] {
  const document = documentIn(file);
  const found: { operation: KnownOperation; order: string }[] = [];
  const names = new Set<string>();
  for (const [template, written] of Object.entries(membersOf(document.paths))) {
    if (template.startsWith("x-")) continue;
    if (!template.startsWith("/")) throw flawed(file, `the path ${template} does not begin with a slash`);
    const item = followed(document, membersOf(written), file);
    for (const method of methods) {
      if (item[method] === undefined) continue;
      const operation = membersOf(item[method]);
      const where = `${file}, ${method.toUpperCase()} ${template}`;
      const { operationId: name, "x-postern-effect": effect } = operation;
      if (name !== undefined && typeof name !== "string") throw flawed(file, `an operationId is no text`);
      if (name !== undefined && names.has(name)) throw flawed(file, `the operationId ${name} is there twice`);
      if (name !== undefined) names.add(name);
      const servers = operation.servers ?? item.servers ?? document.servers;
      const prefixes = pathsOfServers(servers, (why) => flawed(file, why));
      const upper = method.toUpperCase();
      for (const prefix of prefixes) {
        const path = templateOf(`${prefix}${template}`, (why) => flawed(file, why));
        found.push({
          order: path.order,
          operation: {
            method: upper,
            effect: effect === undefined ? effectOf(upper) : knownEffect(effect, where),
            ...(name === undefined ? {} : { name }),
            matches: (asked) => path.exact(`${base}${asked}`),
            resembles: (asked) => path.near(`${base}${asked}`) || path.near(loosely(`${base}${asked}`)),
          },
        });
      }
    }
  }
  return found
    .toSorted((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    .map(({ operation }) => operation);
}

function documentIn(file: string): Members {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw flawed(file, `it cannot be read (${why})`);
  }
  if (text.length > longest) throw flawed(file, `it is longer than ${longest} bytes`);
  // Loaded here, since it takes longer to load than the rest of the plugin.
  const { parse } = require("yaml") as typeof import("yaml");
  let document: unknown;
  try {
    document = parse(text.toString("utf8"), { uniqueKeys: true, maxAliasCount: 1000 });
  } catch (error) {
    throw flawed(file, `it is neither JSON nor YAML (${(error as Error).message.split("\n")[0]})`);
  }
  const members = membersOf(document);
  if (typeof members.openapi !== "string" || !/^3\.[01]\./.test(members.openapi)) {
    throw flawed(file, "it is none of OpenAPI 3.0 or 3.1");
  }
  return members;
}

/** A path item that stands elsewhere in the same document. */
function followed(document: Members, item: Members, file: string): Members {
  const { $ref: reference } = item;
  if (reference === undefined) return item;
  const name = /^#\/components\/pathItems\/([^/]+)$/.exec(String(reference))?.[1];
  const there = name && membersOf(membersOf(document.components).pathItems)[name];
  if (!there) throw flawed(file, `the path item ${String(reference)} is not in the document itself`);
  return membersOf(there);
}

function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

function flawed(file: string, why: string): PosternError {
  return new PosternError("resource.config", `The OpenAPI document ${file} cannot be used: ${why}.`, {
    hint: "Give a whole document of OpenAPI 3.0 or 3.1, in JSON or YAML.",
  });
}
