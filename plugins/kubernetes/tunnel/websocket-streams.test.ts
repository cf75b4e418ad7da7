import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PosternError } from "../../../core/plugin.ts";
import { across, encodeFrame, FrameReader, opcodes, type Side } from "../../http/kit.ts";
import { exitOf } from "./exit.ts";
import { type ChannelForm, channelForms, WebSocketStreams } from "./websocket-streams.ts";

/** Exchanges of kubectl with a real API server, as they were recorded: see the README beside them. */
interface Recorded {
  readonly protocol: string;
  readonly frames: readonly { readonly from: "client" | "server"; readonly data: string }[];
}

const recorded = JSON.parse(
  readFileSync(join(import.meta.dir, "../../../test/fixtures/kubernetes/exec-frames.json"), "utf8"),
) as readonly Recorded[];

/** Streams that go through as they come, and what was said on the way. */
function rig(form: ChannelForm) {
  const said: string[] = [];
  const sent: Record<Side, Buffer[]> = { caller: [], resource: [] };
  const streams: WebSocketStreams = new WebSocketStreams(
    form,
    (to, bytes) => void sent[to].push(Buffer.from(bytes)),
    {
      data(name, view) {
        said.push(`${name} ${view}`);
        streams.send(name, view);
      },
      ended(name) {
        said.push(`ended ${name}`);
        streams.end(name);
      },
      leaving: () => void said.push("leaving"),
    },
    64 * 1024,
  );
  return { streams, said, sent };
}

/** Messages in these frames. */
function messages(masked: boolean, frames: readonly Buffer[]): string[] {
  const found: string[] = [];
  const reader = new FrameReader(masked, {
    data: (view, { text }) => void found.push(`${text ? "text" : "binary"} ${view.toString("latin1")}`),
    ping: (body) => void found.push(`ping ${body}`),
    pong: (body) => void found.push(`pong ${body}`),
    close: (code) => void found.push(`close ${code}`),
  });
  for (const frame of frames) reader.push(Buffer.from(frame));
  return found;
}

test("exchanges recorded from a real API server go through as they were", () => {
  expect(recorded.length).toBeGreaterThan(0);
  for (const { frames, protocol } of recorded) {
    const { streams, said, sent } = rig(channelForms.get(protocol) as ChannelForm);
    const came: Record<Side, Buffer[]> = { caller: [], resource: [] };
    for (const { from, data } of frames) {
      const side = from === "client" ? "caller" : "resource";
      came[side].push(Buffer.from(data, "base64"));
      streams.push(Buffer.from(data, "base64"), side);
    }
    expect(messages(false, sent.caller)).toEqual(messages(false, came.resource));
    expect(messages(true, sent.resource)).toEqual(messages(true, came.caller));
    const status = said.find((each) => each.startsWith("error "))?.slice(6) ?? "";
    expect(["ok", "error"]).toContain(exitOf(Buffer.from(status), true).result);
  }
});

describe("channels", () => {
  test("in base64, as text; empty messages open channels", () => {
    const { streams, said, sent } = rig({ version: 4, base64: true });
    streams.push(encodeFrame(opcodes.text, true, Buffer.from("1aGVsbG8="), false), "resource");
    streams.push(encodeFrame(opcodes.text, true, Buffer.from("2"), false), "resource");
    streams.push(encodeFrame(opcodes.text, true, Buffer.from("0aWQK"), true), "caller");
    expect(said).toEqual(["stdout hello", "stdin id\n"]);
    expect(messages(false, sent.caller)).toEqual(["text 1aGVsbG8=", "text 2"]);
    expect(messages(true, sent.resource)).toEqual(["text 0aWQK"]);
  });

  test("version 5 ends standard input", () => {
    const { streams, said, sent } = rig({ version: 5, base64: false });
    streams.push(encodeFrame(opcodes.binary, true, Buffer.of(255, 0), true), "caller");
    expect(said).toEqual(["ended stdin"]);
    expect(sent.resource.map((frame) => frame.length)).toEqual([8]);
  });

  test("the gateway's own end is a Status and a close with the reason", () => {
    const { streams, sent } = rig({ version: 4, base64: false });
    streams.leave(Buffer.from('{"status":"Failure"}'), "over");
    streams.send("stdout", Buffer.from("late"));
    expect(messages(false, sent.caller)).toEqual(['binary \x03{"status":"Failure"}', "close 1008"]);
    expect(messages(true, sent.resource)).toEqual(["close 1001"]);
  });

  const v4 = { version: 4, base64: false };
  test.each<readonly [string, ChannelForm, Side, string]>([
    ["the caller speaks on stdout", v4, "caller", "\x01hello"],
    ["the caller speaks on the error channel", v4, "caller", '\x03{"status":"Success"}'],
    ["the cluster speaks on stdin", v4, "resource", "\x00hello"],
    ["a channel of no name", v4, "caller", "\x05hello"],
    ["the end of a channel before version 5", v4, "caller", "\xff\x00"],
    ["the end of somebody else's channel", { version: 5, base64: false }, "caller", "\xff\x01"],
    ["the end of two channels", { version: 5, base64: false }, "caller", "\xff\x00\x00"],
    ["what is no base64", { version: 4, base64: true }, "caller", "0a*b="],
    ["base64 without a channel", { version: 4, base64: true }, "caller", "aGVsbG8="],
    ["a message that is too long", v4, "caller", `\x00${"x".repeat(64 * 1024)}`],
  ])("refused: %s", (_what, form, from, message) => {
    const { streams, said, sent } = rig(form);
    const frame = encodeFrame(opcodes.binary, true, Buffer.from(message, "latin1"), from === "caller");
    let fault: unknown;
    try {
      streams.push(frame, from);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(PosternError);
    expect([said, sent[across(from)]]).toEqual([[], []]);
  });
});

test("how a command ended, by its error stream", () => {
  const exit = (text: string, status = true) => exitOf(Buffer.from(text), status);
  expect(exit('{"metadata":{},"status":"Success"}')).toEqual({ result: "ok", code: "0", status: 0 });
  const failed = {
    status: "Failure",
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: "137" }] },
  };
  expect(exit(JSON.stringify(failed))).toEqual({ result: "error", code: "137", status: 137 });
  expect(exit('{"status":"Failure","reason":"InternalError"}')).toEqual({
    result: "error",
    code: "InternalError",
  });
  expect(exit('{"status":"Fail')).toEqual({ result: "unknown" });
  expect(exit("null")).toEqual({ result: "unknown" });
  expect(exit("", false)).toEqual({ result: "ok", code: "0", status: 0 });
  expect(exit("command terminated", false)).toEqual({ result: "error" });
});
