/** `bash-static`, `sudo.real`, `vim.basic`, `python3-dbg`: the same program, built or packed in another way. */
const variant =
  /(?<=.)[-.](static|real|orig|distrib|diverted|wrapped|bin|exe|old|new|full|minimal|basic|tiny|nox|gtk3?|athena|dbg|debug|cgi|cli|fpm|rs|\w+-linux-\w+|openmpi|mpich|gnu|bsd)$/i;
/** `python3.11`, `g++-12`, `perl5.36.0`, `node20`; `python3.13t` is one without its lock. */
const version = /(?<=[a-z+])[-.]?\d+([.\d]*|\.\d+[a-z]{1,2})$/i;
/** `x86_64-linux-gnu-gcc`. */
const target = /^\w+(-\w+)?-linux-(gnu|musl|uclibc)\w*-(?=.)/;
/** GNU's programs where the system has others of that name. */
const ofGnu =
  /^g(?=(awk|chroot|diff|env|find|install|make|nice|nohup|sed|sort|split|stdbuf|tar|timeout|xargs)$)/;
/** The loader of libraries, which runs what it is given: `ld-linux-x86-64.so.2`, `ld-2.31.so`, `ld64.so.1`. */
const loader = /^ld[\w.-]*\.so(\.\d+)?$/;

/**
 * All the names that a program's file name may stand for, itself first. One too many costs no more than an `unknown`
 * for what would else be the operator's word.
 */
export function namesOf(file: string): readonly string[] {
  const names = new Set([file]);
  if (loader.test(file)) names.add("ld.so");
  for (const name of names) {
    for (const part of [variant, version, target, ofGnu]) names.add(name.replace(part, ""));
  }
  return [...names];
}
