import type { Runners } from "../catalogue.ts";

/** What reads documents, pictures and sound. */
export const texts: Runners = {
  "delegates to other programs, or holds code: documents, pictures, sound": `
    a2ps aspell composite convert cowsay cowthink csvtool cupsfilter cvlc display dvips efax
    enscript eqn exiftool ffmpeg ffplay ffprobe ghostscript gimp gm groff gs highlight identify
    inkscape ispell latex latexmk libreoffice lualatex luatex magick mogrify montage mplayer mpv
    msgfilter nroff pandoc pdflatex pdftex pic pixz play ps2pdf pstopdf pygmentize soffice
    source-highlight sox soxi ssed tbl tex tic troff unoconv vlc xelatex xetex xmllint xsltproc
    zsoelim`,
  "hands what it finds to other programs": `
    ack ag bfs fd fdfind fzf fzf-tmux grc lesspipe peco percol rg sk skim xxdiff yelp zathura`,
};
