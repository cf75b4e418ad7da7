import { cpuSeconds } from "../processes.ts";
import type { HttpPeer } from "./peer.ts";

export interface Load {
  readonly requests: number;
  readonly perSecond: number;
  /** Microseconds, at the median. */
  readonly p50: number;
  /** Microseconds of the peer's CPU a request. */
  readonly cpu: number;
  readonly bytesPerSecond: number;
  /** Seconds of the peer's CPU a gigabyte of bodies. */
  readonly cpuPerGigabyte: number;
}

/** wrk (Debian) on kept connections for so many seconds. Throws an Error where an answer is no 2xx. */
export async function wrk(
  { url, fields, carries }: HttpPeer,
  file: string,
  connections: number,
  seconds: number,
): Promise<Load> {
  const headers = fields.flatMap((field) => ["-H", field]);
  const before = cpuSeconds(carries);
  const child = Bun.spawn(
    [
      "wrk",
      "-t1",
      `-c${connections}`,
      `-d${seconds}s`,
      "--timeout",
      "30s",
      "--latency",
      ...headers,
      `${url}${file}`,
    ],
    { stdout: "pipe", stderr: "pipe" },
  );
  const said = await new Response(child.stdout).text();
  const used = cpuSeconds(carries) - before;
  if ((await child.exited) !== 0 || /Non-2xx|Socket errors/.test(said)) throw new Error(said);
  const [, requests = "0", over = "1", read = "0B"] =
    /(\d+) requests in ([\d.]+)s, (\S+) read/.exec(said) ?? [];
  const [, p50 = "0us"] = /50%\s+(\S+)/.exec(said) ?? [];
  const bytes = sizeOf(read);
  return {
    requests: Number(requests),
    perSecond: Number(requests) / Number(over),
    p50: microseconds(p50),
    cpu: (used / Number(requests)) * 1e6,
    bytesPerSecond: bytes / Number(over),
    cpuPerGigabyte: used / (bytes / 1e9),
  };
}

function microseconds(text: string): number {
  const value = Number.parseFloat(text);
  return text.endsWith("us") ? value : text.endsWith("ms") ? value * 1e3 : value * 1e6;
}

function sizeOf(text: string): number {
  const unit = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 }[text.replace(/[\d.]/g, "")] ?? Number.NaN;
  return Number.parseFloat(text) * unit;
}
