import type { Tool } from "../catalogue.ts";

/** What reads programs, and calculates. */
export const buildTools: Readonly<Record<string, Tool>> = {
  "nm objdump size": {
    why: "--plugin loads a library, @FILE holds options",
    options: /^-[aCDdghnpStTux]+$/,
    operands: /^[^-@]/,
  },
  bc: { why: "its files are programs", options: /^-[lq]+$/, operands: /^(?!)/ },
};
