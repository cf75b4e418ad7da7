import { expect, test } from "bun:test";
import { PosternError } from "./error.ts";
import { type Message, openPeer, type Peer } from "./messages.ts";

interface Left {
  told(word: string): void;
}
interface Right {
  double(n: number): Promise<number>;
  bytes(view: Uint8Array): Uint8Array;
  refuse(): void;
}

function pair() {
  const heard: string[] = [];
  let right: Peer<Left> | undefined;
  const left = openPeer<Right, Left>({ told: (word) => void heard.push(word) }, (message: Message) =>
    right?.receive(structuredClone(message)),
  );
  right = openPeer<Left, Right>(
    {
      double: async (n) => n * 2,
      bytes: (view) => view.map((byte) => byte + 1),
      refuse() {
        throw new PosternError("test.refused", "No.", { hint: "Ask nicely." });
      },
    },
    (message) => left.receive(structuredClone(message)),
  );
  return { left, right, heard };
}

test("calls come back with their own answer, bytes stay bytes", async () => {
  const { left, right, heard } = pair();
  expect(await Promise.all([left.call("double", 2), left.call("double", 21)])).toEqual([4, 42]);
  expect(await left.call("bytes", new Uint8Array([1, 255]))).toEqual(new Uint8Array([2, 0]));
  right.tell("told", "hello");
  await Promise.resolve();
  expect(heard).toEqual(["hello"]);
});

test("an error keeps its code and hint", async () => {
  const error = await pair()
    .left.call("refuse")
    .catch((error: unknown) => error);
  expect(error).toBeInstanceOf(PosternError);
  expect((error as PosternError).reason).toEqual({
    code: "test.refused",
    message: "No.",
    hint: "Ask nicely.",
  });
});

test("a peer that is gone fails what is open and what comes later", async () => {
  const left = openPeer<Right, Left>({ told() {} }, () => {});
  const open = left.call("double", 1);
  left.close("The worker died.");
  expect(open).rejects.toMatchObject({ code: "peer.gone", message: "The worker died." });
  expect(left.call("double", 1)).rejects.toMatchObject({ code: "peer.gone" });
});

test("a name that is no member is refused", async () => {
  const answers: Message[] = [];
  const peer = openPeer<Left, Left>({ told() {} }, (message) => answers.push(message));
  peer.receive({ call: "toString", id: 1, args: [] });
  peer.receive({ call: "nothing", id: 2, args: [] });
  await Bun.sleep(0);
  expect(answers).toContainEqual(expect.objectContaining({ answer: 2 }));
  expect(answers.every((answer) => "error" in answer)).toBe(true);
});
