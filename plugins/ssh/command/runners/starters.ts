import type { Runners } from "../catalogue.ts";

/** What runs its arguments. */
export const starters: Runners = {
  "runs its arguments, as this or another user": `
    aa-exec abduco agetty annotate-output bwrap calife capsh catatonit cgexec choom chpst chronic
    chroot cpulimit cronic cset daemon daemonize dbus-launch dbus-run-session dotenv dtach dumb-init
    dzdo eatmydata envdir envuidgid fakechroot fakeroot faketime firejail flatpak-spawn flock genie
    getty gosu gtester i386 ifne ksu lckdo ld.so libtool linux32 linux64 lockfile-create lockrun
    login logsave minijail0 mispipe moreutils-parallel multitime newgrp nq nsenter nsjail numactl
    numad openvt parallel pee pexec pfexec pkexec prlimit proot proxychains proxychains4 prun reptyr
    retry rlwrap run0 runcon runuser s6-setuidgid schedtool sem setarch setlock setpriv setuidgid sg
    softlimit sponge start-stop-daemon startx su su-exec sudo-rs sudoedit systemd-cat
    systemd-dissect systemd-inhibit systemd-notify systemd-nspawn systemd-run
    systemd-socket-activate systemd-vmspawn tini torify torsocks trickle ts tsocks tsp uclampset
    uname26 unbuffer unshare vidir vigr vipe vipw visudo withlock x86_64 xinit xvfb-run zrun`,
  "starts and keeps programs: supervisors, queues, clusters, things that run later": `
    acpid anacron apcupsd at autofs automount batch bsub circusd condor_run cron crond crontab
    fcrontab flux foreman forever honcho incrond incrontab init initctl launchctl mpiexec
    mpiexec.hydra mpirun mpirun.openmpi nodemon oarsub openrc orterun pm2 qrsh qsub rc-service
    reflex run-parts runsv runsvdir rush s6-supervise s6-svscan salloc sbatch smartd srun
    supervisorctl supervisord sv telinit zed`,
  "runs its arguments again and again, or when a file changes": `
    entr fswatch gargs hwatch hyperfine inotifywait rust-parallel viddy watch watchexec
    watchman-make when-changed`,
  "runs its arguments with an environment of its own": `
    asdf aws-vault chamber conda consul-template direnv doppler envchain envconsul guix hatch mamba
    micromamba mise nix nix-build nix-shell nvm op pdm pixi pyenv rbenv rye sops vault volta`,
  "runs its arguments under an emulator, a tracer or a debugger": `
    bashdb box64 bpfcc-trace bpftool bpftrace catchsegv cgdb coredumpctl crash ddd dosbox dtrace
    dtruss gcore gdb gdb-multiarch gdbserver gdbtui gprofng heaptrack latrace lldb ltrace perf
    ps-watcher qemu-aarch64 qemu-arm qemu-i386 qemu-img qemu-system-aarch64 qemu-system-x86_64
    qemu-x86_64 r2 radare2 rr scanmem sotruss stap staprun strace trace-cmd uftrace valgrind
    volatility wine wine64`,
  "is many programs at once; an argument says which": `
    busybox coreutils dropbearmulti sbase-box toybox ubase-box uutils`,
  "opens a terminal, a window or a recording, and runs its arguments there": `
    alacritty asciinema byobu byobu-screen byobu-tmux dmenu_run feh flameshot foot gnome-terminal
    gotty gum hyprctl i3-msg kitty konsole open rofi rxvt screen script scriptlive scriptreplay
    scrot shellinabox shellinaboxd swaymsg termrec tmate tmux tmuxinator tmuxp ttyd ttyrec urxvt
    wetty x-terminal-emulator xdg-email xdg-open xdg-user-dir xdotool xterm zellij`,
  "runs its arguments, once or one at a time": `
    autoexpect autopasswd dislocate execlineb fakeroot-ng fakeroot-sysv fakeroot-tcp ftp-rfc
    keep-one-running kibitz mkpasswd multixterm passmass run-one run-one-constantly
    run-one-until-failure run-this-one s6-applyuidgid s6-ipcserver s6-softlimit s6-tcpserver
    swayidle tcpserver tcpsvd timed-run udpsvd xautolock xkibitz xss-lock`,
  "a server or a watcher, whose configuration says what it starts": `
    bluepill dinit eye fail2ban-client finit god immortal inetd monit multilog perpd runsvchdir sshd
    supervise svlogd svscan svscanboot swatch swatchdog sxhkd watchdog xbindkeys xinetd`,
};
