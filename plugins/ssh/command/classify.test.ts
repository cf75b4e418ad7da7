import { expect, test } from "bun:test";
import { classifyCommand } from "./index.ts";

/** `execute df -h`, one a line, in the order of the text. */
const said = (text: string, terminal = false) =>
  classifyCommand(text, { terminal }).map(({ effect, on }) => `${effect} ${on}`);

test("a program is named with its arguments, and within its name", () => {
  expect(classifyCommand("systemctl  status\tnginx")).toEqual([
    { effect: "execute", on: "systemctl status nginx", within: "systemctl" },
  ]);
  expect(classifyCommand("uptime")).toEqual([{ effect: "execute", on: "uptime" }]);
  expect(classifyCommand("/usr/bin/df -h")).toEqual([
    { effect: "execute", on: "/usr/bin/df -h", within: "/usr/bin/df" },
  ]);
});

test.each([
  ["df 'a b'", ["execute df 'a b'"]],
  ["df a\\ b \"c d\" ''", ["execute df 'a b' 'c d' ''"]],
  ['df "it\'s"', ["execute df 'it'\\''s'"]],
  ["df '*' \\~ '$x'", ["execute df '*' '~' '$x'"]],
  ['df $x "$x" *', ["execute df * * *"]],
  ["df /var/*.log ~/x", ["execute df /var/*.log ~/x"]],
  ["df ~/a/../b", ["execute df *"]],
  ["df /é/ñ", ["execute df '/é/ñ'"]],
  ["df /a/../b", ["execute df '/a/../b'"]],
  ["a | b && c; (d) & { e; }", ["a", "b", "c", "d", "e"].map((name) => `execute ${name}`)],
  ["a $(b `c`)", ["execute c", "execute b *", "execute a *"]],
  ["if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"].map((name) => `execute ${name}`)],
  ["while a; do b; done; until c; do d; done", ["a", "b", "c", "d"].map((name) => `execute ${name}`)],
  ["for i in $(a); do b $i; done", ["execute a", "execute b *"]],
  ["case $(a) in b) c;; *) d;; esac", ["execute a", "execute c", "execute d"]],
  ["a <<E\n$(b) \\$(c)\nE", ["execute b", "execute a"]],
  ["a <<'E'\n$(b)\nE", ["execute a"]],
  ["x=1", ["execute (none)"]],
  ["x=$(a)", ["execute a"]],
  ["time a b", ["execute time *", "execute a b"]],
  ["a > /tmp//x/./y 2>&1 < z", ["write /tmp/x/y", "read z", "execute a"]],
  ["a >> /x/../y", ["write *", "execute a"]],
  ["a > $x", ["write *", "execute a"]],
  ["a <> /x", ["write /x", "read /x", "execute a"]],
  ["a > /dev/null 2> /dev/stderr", ["execute a"]],
  ["a > /dev/tcp/10.0.0.1/80", ["connect tcp 10.0.0.1:80", "execute a"]],
  ["a > ~/x > '~/x'", ["write ~/x", "write ./~/x", "execute a"]],
])("%s", (text, expected) => {
  expect(said(text)).toEqual(expected);
});

test.each([
  ["nice -n 5 a b", ["execute nice -n 5 a b", "execute a b"]],
  ["sudo -u app env LANG=C a", ["execute sudo -u app env LANG=C a", "execute env LANG=C a", "execute a"]],
  ["a | xargs -0 b c", ["execute a", "execute xargs -0 b c", "execute b c *"]],
  ["timeout -k 5s 10m a", ["execute timeout -k 5s 10m a", "execute a"]],
  ["sh -c 'a; b'", ["execute sh -c 'a; b'", "execute a", "execute b"]],
  [
    "find /x -name '*.log' -exec rm -f {} ';'",
    ["execute find /x -name '*.log' -exec rm -f '{}' ';'", "execute rm -f *", "delete *"],
  ],
  ["find /x -delete -fprint /y", ["execute find /x -delete -fprint /y", "delete *", "write /y"]],
  ["cp -p /a /b/", ["execute cp -p /a /b/", "write /b"]],
  ["ln -s /etc/x", ["execute ln -s /etc/x", "write *"]],
  ["mv a b c", ["execute mv a b c", "write c", "delete a", "delete b"]],
  ["rm -rf /tmp/x*", ["execute rm -rf /tmp/x*", "delete /tmp/x*"]],
  ["cp --target-directory=/x a", ["execute cp --target-directory=/x a", "write *"]],
  ["echo x | tee -a /y", ["execute echo x", "execute tee -a /y", "write /y"]],
  ["dd if=/a of=/b bs=1M", ["execute dd if=/a of=/b bs=1M", "write /b", "read /a"]],
])("%s: what it does through its arguments", (text, expected) => {
  expect(said(text).toSorted()).toEqual(expected.toSorted());
});

test.each([
  "find /x -name '*.log' -mtime +5",
  "tar tzf /x/y.tar.gz",
  "systemctl restart nginx --no-pager",
  "journalctl -u nginx --since '1 hour ago' -n 50",
  "grep -rn error /var/log/app",
  "sed -n 1,5p /x",
  "awk '{ print $1, $3 }' /x",
  "docker ps -a",
  "kubectl get pods -n web -o wide",
  "curl -sS https://example.com/health",
  "python3 /opt/report.py --all",
  "bash /opt/deploy.sh now",
  "ip addr show eth0",
  "command -v df",
  "[ -f /x ] && test 1 -eq 1",
  "set -eu; umask 022; cd /srv; pwd",
  "printf '%s %d\\n' a 1",
  "export LANG=C; read -r line; unset line",
])("%s: nothing of it is unknown", (text) => {
  expect(said(text).filter((one) => one.startsWith("unknown"))).toEqual([]);
});

test("with a terminal, what shows its output through a pager runs the pager", () => {
  expect(said("journalctl -u nginx", true)).toContain("unknown *");
  expect(said("journalctl -u nginx --no-pager", true)).not.toContain("unknown *");
});

test("an interpreter is the program that a rule names, whatever it reads from its input", () => {
  expect(said("echo a | bash")).toEqual(["execute echo a", "execute bash"]);
  expect(said("python3 - < /x")).toEqual(["read /x", "execute python3 -"]);
});

test("of a shell that nobody here reads everything is unknown", () => {
  expect(classifyCommand("uptime", { shell: "other" })).toEqual([{ effect: "unknown", on: "*" }]);
});

test("of what runs and cannot be read, what can be read is still named", () => {
  expect(said("a; eval b; c")).toEqual(["execute a", "execute eval b", "unknown *", "execute c"]);
});
