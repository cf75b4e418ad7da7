import type { Tool } from "../catalogue.ts";

/** Services, packages, containers, the kernel. */
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
  sysctl: {
    why: "kernel.core_pattern and modprobe name programs that the kernel runs",
    options: /^-[ane]$/,
    operands: /^[\w.]+$/,
  },
  "mount umount": {
    why: "runs a helper that the type names, and hides files that run",
    options: /^-l$/,
    operands: /^(?!)/,
  },
  dmesg: { why: "the pager with -H", options: /^(-[Tkxr]+|--ctime)$/ },
  ip: {
    why: "netns exec, vrf exec, -batch; xdp and bpf load a file into the kernel",
    options: /^-([46sjph]|o|oneline|br|brief|json|details|d|c|color)$/,
    first: /^(a|addr|address|r|route|l|link|n|neigh|rule)$/,
    operands: /^(?!xdp|bpf|obj|encap)[\w.:/-]+$/,
  },
  "iptables ip6tables": { why: "--modprobe", options: /^-[Lnv]+$|^-S$/, operands: /^\w+$/ },
};
