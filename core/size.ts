import { PosternError } from "./error.ts";

/** `"64KB"`, `"1MB"`: powers of 1024; a misspelled unit is a compile error. */
export type Size = `${number}${"B" | "KB" | "MB" | "GB"}`;

const units = { B: 1, KB: 1 << 10, MB: 1 << 20, GB: 1 << 30 } as const;

/** Bytes. Throws PosternError `policy.size` for what the type could not refuse. */
export function bytesOf(size: Size): number {
  const match = /^(\d+(?:\.\d+)?)(B|KB|MB|GB)$/.exec(size);
  if (!match) {
    throw new PosternError("policy.size", `"${size}" is no size.`, {
      hint: 'Write a number and a unit: "512B", "64KB", "10MB", "1GB".',
    });
  }
  return Math.floor(Number(match[1]) * units[match[2] as keyof typeof units]);
}
