import type { Runners } from "../catalogue.ts";

/** What people look at and type into. */
export const screens: Runners = {
  "an editor runs what is typed into it, or what a file tells it to": `
    amp ed edit editor emacs emacs-nox emacsclient evim ex gvim gvimdiff helix hx jed jmacs joe kak
    mcedit mg micro nano ne nvim pico red rnano rview rvim sensible-editor vi view vim vimdiff
    vimpager vimtutor zile`,
  "a pager: ! runs a shell, v an editor; LESSOPEN": `
    apropos bat batcat bzless bzmore compose delta glow info less man mdcat moar more most pager pg
    pinfo run-mailcap see sensible-pager tldr whatis xzless xzmore zless zmore`,
  "takes keys or events that run programs": `
    abook alpine atop bpytop broot btop chromium dialog elinks far2l fetchmail firefox getmail
    getmails glances google-chrome htop iftop k9s lazygit lf links lynx mail mailx mbsync mc minicom
    msmtp mutt ncdu ncftp neomutt nnn offlineimap pine ranger s-nail sensible-browser sxiv tig top
    vifm w3m whiptail wmctrl x-www-browser xpad`,
  "opens others, or runs what a key says": `
    Xorg dex exo-open gio gtk-launch kde-open lnav metamail mime-construct multitail vncserver
    x11vnc`,
};
