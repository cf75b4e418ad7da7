import type { Tool } from "../catalogue.ts";

/** Archives, text, and what writes databases out. */
export const dataTools: Readonly<Record<string, Tool>> = {
  find: {
    why: "-exec and its like, which are read apart",
    options: /^/,
  },
  "tar bsdtar gtar": {
    why: "--to-command, --checkpoint-action, -I, -F, --rsh-command, host:file; and writes where it unpacks",
    options: /^(-[tvjJz]+f?|-)$/,
    operands: /^(?!-)[\w./@%+,=-]+$/,
    first: /^([tvjJz]*t[vjJz]*f?|[\w./-]+\.(tar|tgz|tar\.\w+))$/,
  },
  sort: { why: "--compress-program; -o writes", options: /^-[nrufhVbgMdi]+$|^-k[\d,.nr]+$|^-t.$/ },
  "diff diff3 sdiff zdiff bzdiff xzdiff zcmp xzcmp bzcmp": {
    why: "-l runs pr, --diff-program, an editor of sdiff; some are scripts that hand their options on",
    options: /^(-[uqrNabBiwEZyts]+|-U\d+|--(brief|unified(=\d+)?|recursive|color=(never|always|auto)))$/,
  },
  "install ginstall": { why: "--strip-program", options: /^(-[CcDdpvT]+|-[mog][\w-]*|--mode=\w+)$/ },
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
  "zgrep bzgrep xzgrep": {
    why: "scripts that hand their options to others",
    options:
      /^(-[ivnclLhHoqrREFwxsaz]+|-[ABCm]\d*|-e|--(color=never|ignore-case|count|recursive|line-number))$/,
  },
  openssl: {
    why: "engines, providers and configuration are libraries it loads",
    options: /^(-noout|-text|-dates|-subject|-issuer|-a)$/,
    first: /^(version|x509)$/,
    operands: /^(version|x509)$/,
  },
  "mysqldump mariadb-dump": {
    why: "--plugin-dir and --default-auth load a library, --defaults-file holds options; -r and -T write",
    options:
      /^(-[hPu][\w.-]*|-[qRBAdEtnC]+|--(single-transaction|quick|all-databases|databases|no-data|no-create-info|routines|triggers|events|compact|skip-lock-tables|tables|(host|port|user|ignore-table)=[\w.-]+))$/,
    operands: /^[\w.-]+$/,
  },
  "pg_dump pg_dumpall pg_restore": {
    why: "the engine that a connection string names (sslkey) is a library; -f writes",
    options:
      /^(-[acCnOsvxbBwgrtl]+|-[FhpUdntTjZEN][\w.-]*|--(no-owner|no-acl|no-privileges|no-password|schema-only|data-only|clean|if-exists|create|verbose|list|(host|port|username|dbname|schema|table|exclude-table|format|jobs)=[\w.-]+))$/,
    operands: /^[\w./-]+$/,
  },
};
