import type { Runners } from "../catalogue.ts";

/** What runs code that it is given. */
export const languages: Runners = {
  "runs code from any of its arguments, or from what it reads": `
    R bb bpython bun byebug chibi-scheme chicken-csi clj clojure crystal csi d8 dc deno ecl erl
    esbuild escript frawk gap gawkbug gforth ghc ghci gjs gnuplot goawk gosh gp gprolog groovysh hy
    iex ipython janet jimsh jjs jrunscript jshell kotlin kotlinc kscript m4 maple matlab maxima
    micropython mit-scheme newlisp nim octave-cli pdb perlbug pry ptpython qjs rake raku redcarpet
    rhino sage sbcl scala scala-cli scilab slsh tasksh ts-node tsx utop yap`,
  "is a shell of services, with commands of the system's": `
    bconsole bettercap ettercap ginsh irssi ksshell mitmdump mitmproxy msfconsole msfvenom rtorrent
    sqlmap weechat weechat-headless`,
  "runs the Perl, Python, Ruby, PHP or JavaScript that its arguments, files or plugins hold": `
    artisan coverage drush erb eslint file-rename grunt gulp idle instmodsh jekyll jest jupyter
    luarocks mocha mypy nosetests nx pear pecl perl-rename perlcritic perldoc perltidy phar phpdbg
    phpunit prename prove psed puma pydoc pylint rackup rails rdoc rename ri rollup rubocop scrapy
    serverless sphinx-build thor turbo twistd unicorn virtualenv vite webpack wp`,
};
