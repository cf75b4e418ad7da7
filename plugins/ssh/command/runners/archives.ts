import type { Runners } from "../catalogue.ts";

/** What packs and copies. */
export const archives: Runners = {
  "runs filters, programs for remote ends or for volumes; and writes where it unpacks": `
    7z 7za 7zr afio ar arj cabextract cpio csplit dar dump gzexe lha p7zip pax rar rdump restore
    rrestore split star unar unrar unzip zip zipcloak zipnote`,
  "copies elsewhere, by programs for passwords, filters and remote ends": `
    aws az bacula-fd borg duplicity gallery-dl gcloud rclone rdiff-backup restic rsnapshot s3cmd
    transmission-cli transmission-daemon unison you-get youtube-dl yt-dlp`,
};
