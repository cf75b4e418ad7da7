import type { Tool } from "../catalogue.ts";

/** What people look at and type into: each of them starts a shell, an editor or a pager for whoever asks. */
export const screenTools: Readonly<Record<string, Tool>> = {
  "vi vim vim.basic vim.tiny view rview rvim nvim ex ed red emacs emacsclient nano rnano pico joe micro mcedit ne kak hx":
    {
      why: "runs what is typed into it, or what a file tells it to",
    },
  "less more most pg zless zmore bzmore bzless xzmore xzless pager editor run-mailcap see edit compose vimdiff gvim vimtutor":
    { why: "! runs a shell, v an editor; LESSOPEN" },
  "man info pinfo apropos whatis tldr": { why: "-P and -H name programs; the pager" },
  "mc ranger nnn lf vifm top htop atop btop": { why: "runs what is typed into it" },
  "screen tmux byobu dtach abduco zellij": { why: "runs shells that live on" },
  "lynx w3m links elinks": { why: "runs external programs" },
  "dialog whiptail fzf sk": { why: "--preview and --bind run commands" },
  "xterm xdg-open open xdg-email sensible-browser sensible-editor sensible-pager": { why: "starts programs" },
};
