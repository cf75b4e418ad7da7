import type { Tool } from "../catalogue.ts";

/** Archives, text, and clients of databases. */
export const dataTools: Readonly<Record<string, Tool>> = {
  find: {
    why: "-exec and its like, which are read apart",
    options: /^/,
  },
  "fd fdfind": { why: "-x and -X" },
  "tar bsdtar gtar": {
    why: "--to-command, --checkpoint-action, -I, -F, --rsh-command, host:file; and writes where it unpacks",
    options: /^(-[tvjJz]+f?|-)$/,
    operands: /^(?!-)[\w./@%+,=-]+$/,
    first: /^([tvjJz]*t[vjJz]*f?|[\w./-]+\.(tar|tgz|tar\.\w+))$/,
  },
  "cpio pax ar": { why: "--rsh-command, host:file; and writes where it unpacks" },
  "zip unzip 7z 7za rar unrar": { why: "zip -TT, and writes where it unpacks" },
  sort: { why: "--compress-program; -o writes", options: /^-[nrufhVbgMdi]+$|^-k[\d,.nr]+$|^-t.$/ },
  "diff diff3 sdiff zdiff bzdiff xzdiff zcmp xzcmp bzcmp": {
    why: "-l runs pr, --diff-program, an editor of sdiff; some are scripts that hand their options on",
    options: /^(-[uqrNabBiwEZyts]+|-U\d+|--(brief|unified(=\d+)?|recursive|color=(never|always|auto)))$/,
  },
  "install ginstall": { why: "--strip-program", options: /^(-[CcDdpvT]+|-[mog][\w-]*|--mode=\w+)$/ },
  "split csplit": { why: "--filter; writes" },
  sed: {
    why: "its e and w commands and s///e; -i writes",
    options: /^(-[nEr]+|--(quiet|silent|regexp-extended))$/,
    first: /^(\d+|\$)?(,(\d+|\$))?[pdq]$|^s\/[^/\\\n]*\/[^/\\\n&]*\/[gpI\d]*$/,
    operands: /^(?!-)/,
  },
  "awk gawk mawk nawk original-awk": {
    why: "system(), pipes, and writes",
    options: /^-F.$/,
    first: /^\{ *print( *\$\d+( *, *\$\d+)*)? *\}$/,
    operands: /^(?!-)(?!\w+=)/,
  },
  "xmllint xsltproc": { why: "the shell of --shell, writes by --output, extensions" },
  "zgrep bzgrep xzgrep": {
    why: "scripts that hand their options to others",
    options:
      /^(-[ivnclLhHoqrREFwxsaz]+|-[ABCm]\d*|-e|--(color=never|ignore-case|count|recursive|line-number))$/,
  },
  "rg ag ack": { why: "--pre, --pager, --hostname-bin" },
  "psql pgcli": { why: "\\!, COPY … TO PROGRAM, the pager" },
  "mysql mariadb mysqlsh": { why: "\\!, system, the pager" },
  "sqlite sqlite3": { why: ".shell, .system, load_extension" },
  "redis-cli valkey-cli mongo mongosh clickhouse clickhouse-client cqlsh sqlplus impala-shell": {
    why: "interpreters, some with a shell",
  },
  openssl: {
    why: "engines, providers and configuration are libraries it loads",
    options: /^(-noout|-text|-dates|-subject|-issuer|-a)$/,
    first: /^(version|x509)$/,
    operands: /^(version|x509)$/,
  },
  "gpg gpg2 gpgsm": { why: "keyserver, pinentry and photo programs" },
  "gcore coredumpctl": { why: "starts a debugger" },
};
