import { expect, test } from "bun:test";
import { classifyCommand } from "./index.ts";

test.each([
  ["git-upload-pack '/srv/a.git'", "read /srv/a.git"],
  ["git-upload-archive 'a.git'", "read a.git"],
  ["git-receive-pack '/srv/a b.git'", "write /srv/a b.git"],
  ["git-receive-pack '~/a.git'", "write ./~/a.git"],
  ["scp -t /srv/in", "write /srv/in"],
  ["scp -v -r -p -d -t -- -x", "write -x"],
  ["scp -f /srv/a /srv/b", "read /srv/a, read /srv/b"],
  ["scp -f ~/x", "read ~/x"],
  ["scp -f ../x", "read *"],
  ["rsync --server -vlogDtpre.iLsfxCIvu . /srv/in/", "write /srv/in"],
  ["rsync --server --sender -vlogDtpre.iLsfxCIvu . /srv/a", "read /srv/a"],
  ["rsync --server -logDtpre.iLsfxCIvu --delete . /srv/in", "write /srv/in, delete /srv/in"],
  ["rsync --server --sender -e.L --remove-source-files . /srv/a", "read /srv/a, delete /srv/a"],
  ["/usr/lib/openssh/sftp-server", "read *, write *, delete *"],
])("%s", (text, expected) => {
  const [first, ...others] = classifyCommand(text);
  expect(first?.effect).toBe("execute");
  expect(others.map(({ effect, on }) => `${effect} ${on}`).join(", ")).toBe(expected);
});

test.each([
  "git-upload-pack --upload-pack=x /srv",
  "git-receive-pack",
  "scp a b",
  "scp -t -f x",
  "scp -S id -t x",
  "scp -tr -o ProxyCommand=id x",
  "rsync a b",
  "rsync --server --daemon .",
  "rsync --server -e sh . x",
  "rsync --server -ve ssh.x . x",
  "rsync --server --rsync-path=x . y",
  "rsync --server --log-file=/x . y",
  "rsync --server -vl /x",
  "rsync --sender --server . x",
  "rsync --server --sender -e.L . /srv/a --log-file=/x",
  "rsync --server -e.L . /srv/a --sender",
  "rsync --server --sender -e.L . $x",
  "rsync --server --sender -e.L . *",
  "x=-f; scp -t $x /srv",
  "git-receive-pack $x /srv/a.git",
  "sftp-server -d /x",
])("%s is unknown", (text) => {
  expect(classifyCommand(text)).toContainEqual({ effect: "unknown", on: "*" });
});
