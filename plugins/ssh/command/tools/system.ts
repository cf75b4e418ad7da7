import type { Tool } from "../catalogue.ts";

/** Services, packages, containers, namespaces, and what runs things later or as somebody else. */
export const systemTools: Readonly<Record<string, Tool>> = {
  systemctl: {
    why: "edit starts an editor, -H runs ssh, enable and link take a unit file from any path, set-environment PATH",
    options:
      /^(-[qalr]|-n\d+|--(no-pager|quiet|user|system|all|full|now|failed|plain|no-legend|no-block|recursive|lines=\d+|type=[\w,-]+|state=[\w,-]+|property=[\w,]+|value|output=[a-z-]+))$/,
    operands: /^[\w@:.-]+$/,
    first:
      /^$|^(status|start|stop|restart|try-restart|reload|reload-or-restart|daemon-reload|is-active|is-enabled|is-failed|is-system-running|show|cat|list-units|list-unit-files|list-timers|list-sockets|list-dependencies|reset-failed|enable|disable|mask|unmask)$/,
    pager: true,
  },
  journalctl: {
    why: "the pager runs what is typed into it",
    options:
      /^(-[bekfqrx]+|-n\d+|-u[\w@.-]+|--(no-pager|quiet|follow|reverse|boot|dmesg|no-hostname|utc|catalog|unit=[\w@.:-]+|since=[\w :.-]+|until=[\w :.-]+|lines=\d+|priority=\w+|grep=.*|output=[a-z-]+|identifier=[\w.-]+|disk-usage|list-boots|unit|since|until|lines|priority|output|identifier|grep)|-u|-n|-p|-t|-o|-S|-U)$/,
    pager: true,
  },
  "loginctl machinectl hostnamectl timedatectl localectl resolvectl networkctl": {
    why: "the pager; -H runs ssh, machinectl shell runs a shell",
    options: /^--(no-pager|no-legend|all|full)$/,
    first: /^$|^(status|list-sessions|list-users|session-status|user-status|show|list|query|statistics)$/,
    operands: /^[\w.:-]+$/,
    pager: true,
  },
  service: {
    why: "runs a script whose path its argument is part of",
    options: /^--status-all$/,
    operands: /^[\w.-]+$/,
  },
  "docker podman nerdctl": {
    why: "run, exec, build, cp, -H and plugins",
    options: /^(-[aqlf]|--(all|quiet|no-trunc|tail=\w+|since=\w+|follow|format=(json|table)|no-stream))$/,
    first: /^(ps|images|logs|stats|top|inspect|version|info|port|start|stop|restart)$/,
    operands: /^[\w./:-]+$/,
  },
  "kubectl oc": {
    why: "exec, run, debug, edit, plugins, credential plugins of --kubeconfig",
    options:
      /^(-[Aw]|-n[\w-]*|-o(wide|yaml|json|name)?|--(all-namespaces|namespace=[\w-]+|output=(wide|yaml|json|name)|tail=\d+|since=\w+|follow))$/,
    first: /^(get|describe|logs|top|version|explain|api-resources)$/,
    operands: /^[\w./:-]+$/,
  },
  "apt apt-get aptitude yum dnf zypper": {
    why: "hooks by -o, packages from any path, their scripts",
    options: /^(-[yq]+|--(yes|quiet|assume-yes|no-install-recommends|installed|upgradable))$/,
    first: /^(update|list|search|show|policy|info|check-update|repolist)$/,
    operands: /^[\w.+:-]+$/,
  },
  "apt-cache apt-mark apt-config apt-key apt-file apt-ftparchive": {
    why: "-o and -c name programs, Dir::Bin::dpkg among them",
    options: /^(--(names-only|installed|full))$/,
    first: /^(policy|show|showpkg|search|depends|rdepends|madison|stats|showhold|showauto|showmanual)$/,
    operands: /^[\w.+:-]+$/,
  },
  "dpkg dpkg-query rpm": {
    why: "scripts of packages, --pre-invoke, %(…) and --pipe, the pager",
    options: /^(-[lLsS]|-q[ail]?|--(list|listfiles|status|get-selections))$/,
    operands: /^[\w.+:*-]+$/,
    pager: true,
  },
  "snap flatpak apk pacman dpkg-reconfigure update-alternatives update-rc.d": {
    why: "runs programs, scripts and hooks of packages",
  },
  "systemd-cat systemd-inhibit systemd-nspawn systemd-notify systemd-mount systemd-cgls systemd-delta systemd-analyze run0 varlinkctl userdbctl homectl":
    { why: "runs its arguments, an editor or the pager" },
  "choom uclampset runcon aa-exec chpst softlimit setuidgid envuidgid envdir s6-setuidgid s6-envdir gosu su-exec tini dumb-init daemonize fakechroot xvfb-run dbus-run-session dbus-launch torsocks torify proxychains tsocks lckdo mispipe zrun watchexec nq tsp":
    { why: "runs its arguments" },
  "docker-compose podman-compose crictl ctr runc crun buildah skopeo": { why: "exec, run, plugins" },
  "lvm fsck mkfs mdadm debugfs dnsmasq certbot nginx apachectl pg_ctl": {
    why: "runs what its configuration, its options or the name of a type say",
  },
  "crontab at batch systemd-run run-parts start-stop-daemon anacron incrontab": {
    why: "runs what it is given, now or later",
  },
  "su runuser sg newgrp pkexec sudoedit visudo vipw vigr login": {
    why: "a shell or an editor as somebody else",
  },
  "chroot unshare nsenter setpriv capsh bwrap firejail fakeroot proot prlimit numactl cgexec": {
    why: "runs its arguments elsewhere",
  },
  "setarch linux32 linux64 i386 x86_64 uname26": { why: "runs its arguments" },
  "busybox toybox": { why: "is every program at once; its first argument says which" },
  "ld.so ld-linux.so ld-linux-x86-64.so ld-linux-aarch64.so ld-musl-x86_64.so": {
    why: "runs its first argument, with any library",
  },
  "virsh lxc lxc-attach incus vagrant virt-customize": {
    why: "runs programs in machines and containers",
  },
  "ansible ansible-playbook puppet salt-call chef-client cfagent terraform tofu helm": {
    why: "runs what it is told",
  },
  sysctl: {
    why: "kernel.core_pattern and modprobe name programs that the kernel runs",
    options: /^-[ane]$/,
    operands: /^[\w.]+$/,
  },
  "modprobe insmod kexec bpftrace bpftool": { why: "loads code, runs install commands of its configuration" },
  "mount umount": {
    why: "runs a helper that the type names, and hides files that run",
    options: /^-l$/,
    operands: /^(?!)/,
  },
  dmesg: { why: "the pager with -H", options: /^(-[Tkxr]+|--ctime)$/ },
  "logrotate update-initramfs dracut": { why: "runs scripts of a configuration file" },
  ip: {
    why: "netns exec, vrf exec, -batch",
    options: /^-([46sjph]|o|oneline|br|brief|json|details|d|c|color)$/,
    first: /^(a|addr|address|r|route|l|link|n|neigh|rule)$/,
    operands: /^[\w.:/-]+$/,
  },
  "iptables ip6tables": { why: "--modprobe", options: /^-[Lnv]+$|^-S$/, operands: /^\w+$/ },
  "busctl dbus-send gdbus": { why: "asks any service, systemd among them, to run something" },
};
