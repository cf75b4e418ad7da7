import type { Tool } from "../catalogue.ts";

/** What builds, tests and watches programs. */
export const buildTools: Readonly<Record<string, Tool>> = {
  "make gmake cmake ninja meson scons bazel rake ant mvn gradle sbt just task": { why: "runs recipes" },
  "gcc g++ cc c++ clang clang++ ld as tcc go rustc cargo javac java dotnet mono swift zig": {
    why: "compiles and runs; -B, -wrapper, plugins, agents",
  },
  "nm objdump size": {
    why: "--plugin loads a library, @FILE holds options",
    options: /^-[aCDdghnpStTux]+$/,
    operands: /^[^-@]/,
  },
  "objcopy strip ranlib addr2line gcc-ar gcc-nm gcc-ranlib ldd": {
    why: "--plugin loads a library; ldd runs its arguments",
  },
  "npm npx yarn pnpm corepack pip pip3 pipx uv uvx poetry conda gem bundle composer cpan cabal stack": {
    why: "runs scripts of packages",
  },
  "deno bun tsx ts-node esbuild pytest tox nox": { why: "runs code" },
  "gdb lldb strace ltrace perf valgrind rr catchsegv bashdb": {
    why: "runs its arguments; strace -o '|…', gdb shell",
  },
  "script scriptreplay expect unbuffer rlwrap faketime eatmydata cpulimit": { why: "runs its arguments" },
  "watch entr inotifywait parallel sem moreutils-parallel hyperfine": {
    why: "runs its arguments, as a shell reads them",
  },
  flock: { why: "runs its arguments, -c as a shell reads them" },
  "ts chronic ifne pee sponge vidir vipe": { why: "runs its arguments or an editor" },
  "m4 cpp gperf bison flex": { why: "m4 has esyscmd and syscmd" },
  "tex pdftex latex pdflatex xelatex lualatex luatex": { why: "\\write18" },
  "gimp convert magick ffmpeg gs ghostscript inkscape": { why: "delegates, filters, %pipe%" },
  "dc bc": { why: "dc runs ! lines", options: /^-[lq]+$/, operands: /^(?!)/ },
};
