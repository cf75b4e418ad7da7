import type { Tool } from "../catalogue.ts";

/** What reaches other machines. */
export const networkTools: Readonly<Record<string, Tool>> = {
  curl: {
    why: "-K reads options, -o and -O write, --libcurl, --engine",
    options:
      /^(-[sSfLIikv46]+|--(silent|show-error|fail|location|head|include|insecure|verbose|compressed))$/,
    operands: /^https?:\/\/[\w.:/?&=%~+,@-]+$/,
  },
};
