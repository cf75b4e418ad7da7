import { expect, test } from "bun:test";
import { movesFiles } from "./kept-output.ts";

test("what the clients of scp, rsync and git run at the host moves files", () => {
  for (const command of [
    "scp -t up",
    "scp -r -p -f 'a tree'",
    "scp -v -d -t .",
    "rsync --server --sender -logDtpre.iLsfxCIvu . dir/",
    "git-upload-pack '/srv/repo.git'",
    "git-receive-pack 'repo.git'",
  ]) {
    expect(movesFiles(command)).toBe(true);
  }
});

test("what prints anything besides is kept", () => {
  for (const command of [
    "cat /etc/passwd",
    "scp -t up; cat /etc/passwd",
    "scp -f a | cat",
    "scp -f $(cat /etc/passwd)",
    "scp -f `id`",
    "git-upload-pack a\nid",
    "git-upload-pack a && id",
    "rsync --server . <(id)",
    " scp -t up",
    "scp a b:c",
    "git-upload-packs x",
  ]) {
    expect(movesFiles(command)).toBe(false);
  }
});
