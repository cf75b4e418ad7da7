import type { PosternError } from "../../../core/plugin.ts";

export interface PathTemplate {
  readonly exact: RegExp;
  /** Whatever the case. */
  readonly near: RegExp;
  /** Sorts what is literal before what is not, segment by segment. */
  readonly order: string;
}

/** `/users/{id}`: a name in braces stands for part of one segment (OpenAPI 3.1, 4.8.8). */
export function templateOf(template: string, flawed: (why: string) => PosternError): PathTemplate {
  const segments = template.split("/").slice(1);
  const parts = segments.map((segment) => {
    // Two names without anything between them could be parted in any way, and take any time to try.
    if (/\}\{/.test(segment) || (segment.match(/\{/g)?.length ?? 0) > 3)
      throw flawed(`nobody can tell the parameters in ${template} apart`);
    return segment
      .split(/(\{[^{}]+\})/)
      .map((part) => (part.startsWith("{") ? "[^/]+" : literally(part)))
      .join("");
  });
  const source = `^/${parts.join("/")}$`;
  return {
    exact: new RegExp(source),
    near: new RegExp(source, "i"),
    order: segments.map((segment) => (segment.includes("{") ? "1" : "0")).join(""),
  };
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
