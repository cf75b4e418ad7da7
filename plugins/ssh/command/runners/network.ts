import type { Runners } from "../catalogue.ts";

/** What reaches other machines. */
export const network: Runners = {
  "has ! or options that name programs: ProxyCommand, EXEC:, -e, -c; or is a shell elsewhere": `
    autossh cap check_by_ssh clush cryptcat dbclient dsh et eternalterminal fab ftp lftp mosh mussh
    nc nc.openbsd nc.traditional ncat netcat parallel-ssh pdsh plink pscp psftp pssh remsh rlogin
    rsh sftp slogin smbclient socat socket ssh sshfs sshpass teleport telnet tftp tsh`,
  "keys, agents and helpers of SSH and PKCS 11, whose options name libraries": `
    age certtool gpg gpg-agent gpg2 gpgconf gpgsm p11-kit p11tool pass pkcs11-tool pkcs15-init
    ssh-add ssh-agent ssh-copy-id ssh-keygen ssh-keyscan ssh-keysign ssh-pkcs11-helper`,
  "fetches; options name configuration, programs and files that are written": `
    aria2c axel curlie fetch http httpie lwp-request wget wget2`,
  "runs scripts when links, leases and tunnels come up, or from its configuration": `
    chisel conntrackd dhclient dhcpcd dhcpd distcc gost hostapd ifdown ifquery ifup ipsec keepalived
    ngrok nmcli ntpdate openconnect openvpn pppd strongswan stunnel stunnel4 swanctl tor udhcpc vpnc
    wg-quick wpa_cli wpa_supplicant`,
  "-batch, --modprobe or a file say what runs or is loaded": `
    arptables bridge devlink ebtables firewall-cmd ip6tables-apply ip6tables-restore iptables-apply
    iptables-restore nft rdma tc ufw`,
  "scripts, plugins and filters": `
    dumpcap hping3 mtr ngrep nikto nmap tcpdump tshark wireshark`,
  "is a server whose configuration says what runs": `
    acme.sh apache2 apache2ctl apachectl caddy celery certbot check_log check_memory check_raid
    check_ssl_cert check_statusfile collectd dehydrated django-admin dnsmasq exim exim4 flask
    fluent-bit fluentd formail gunicorn haproxy httpd lighttpd maildrop mosquitto nginx nrpe
    postconf postfix postmap postqueue procmail rsyslogd sendmail snmpd snmptrapd svnserve syslog-ng
    telegraf uvicorn uwsgi varnishd varnishncsa zabbix_agentd`,
  "a daemon whose options or configuration name programs and modules": `
    chronyd cupsd lpadmin named ntpd proftpd slapd smbd squid unbound vsftpd`,
};
