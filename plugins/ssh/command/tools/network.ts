import type { Tool } from "../catalogue.ts";

/** What reaches other machines. */
export const networkTools: Readonly<Record<string, Tool>> = {
  "ssh slogin autossh mosh sshpass dbclient rsh rlogin remsh pssh parallel-ssh pdsh clush": {
    why: "ProxyCommand, LocalCommand, KnownHostsCommand; a shell elsewhere",
  },
  "ssh-agent ssh-add ssh-keygen ssh-copy-id ssh-keyscan": {
    why: "runs its arguments or loads a library (-D, -s, -P)",
  },
  "sftp ftp lftp tftp telnet": { why: "! runs a shell, -S names a program" },
  git: {
    why: "-c, aliases, hooks, core.pager, core.fsmonitor, --upload-pack, ext::, filters of a repository that others write",
  },
  "svn hg bzr cvs fossil git-shell": { why: "hooks, tunnels, editors, extensions" },
  curl: {
    why: "-K reads options, -o and -O write, --libcurl, --engine",
    options:
      /^(-[sSfLIikv46]+|--(silent|show-error|fail|location|head|include|insecure|verbose|compressed))$/,
    operands: /^https?:\/\/[\w.:/?&=%~+,@-]+$/,
  },
  "wget aria2c axel httpie http": { why: "--use-askpass, .wgetrc by --config, --post-file; writes" },
  "socat nc ncat netcat nc.openbsd nc.traditional nmap cryptcat": { why: "EXEC:, -e, -c, scripts" },
  "tcpdump tshark dumpcap wireshark": { why: "-z, -w writes, lua scripts" },
  "openvpn pppd wg-quick dhclient dhcpcd ifup ifdown nmcli": {
    why: "runs scripts: up, down, connect, PreUp",
  },
  mtr: { why: "MTR_PACKET names a program" },
  "mail mailx mutt sendmail exim s-nail": { why: "-e, ~!, -C, -X and -oQ" },
  "rclone s3cmd aws gcloud az restic borg duplicity unison": {
    why: "programs for passwords, credentials and remote ends",
  },
};
