import type { Runners } from "../catalogue.ts";

/** What builds, packs and keeps versions of programs. */
export const builds: Runners = {
  "runs recipes": `
    ant autoconf autom4te automake bake bazel bmake buck cmake configure ctest debuild dkms dune
    easyrsa gmake gradle gradlew just lein make meson mill mix msbuild mvn mvnw ninja nox pbuilder
    pkg-config pmake premake5 pytest rebar3 remake repo samu sbt scons task tox tup waf xmake`,
  "compiles or links; -B, -wrapper, -specs, plugins, agents": `
    addr2line as bison c++ c89 c99 cargo cc ccache clang clang++ cobc collect2 cpp dotnet flex g++
    gcc gcc-ar gcc-nm gcc-ranlib gccgo gdc gfortran gnat go gperf java javac ld ld.bfd ld.gold
    ld.lld ldconfig ldd lddtree lld mold mono mono-sgen nasm objcopy ranlib rustc rustup sccache
    strip swift tcc zig`,
  "a tool of Java's, whose options load agents and providers": `
    jar jarsigner javadoc javap jcmd jconsole jdb jhat jinfo jmap jmc jps jstack jstat jvisualvm
    keytool serialver`,
  "runs scripts of packages": `
    apk brew bundle bundler cabal composer corepack cpan cpanm easy_install emerge flatpak gem knife
    microdnf npm npx opam opkg pacman pip pip3 pipenv pipx pkg pkgin pnpm poetry port snap stack uv
    uvx yarn yarnpkg`,
  "packages of Debian's and Red Hat's: hooks, scripts, macros": `
    alien apt-helper apt-listchanges debconf debconf-communicate deborphan dpkg-architecture
    dpkg-buildpackage dpkg-deb dpkg-reconfigure dpkg-source dselect gdebi pam-auth-update rpmbuild
    rpmdb rpmkeys rpmquery rpmspec rpmverify sbuild schroot update-alternatives update-rc.d`,
  "versions: -c, aliases, hooks, tunnels, filters, editors, and what a repository that others write says": `
    bzr cvs darcs fossil gh git git-credential-store git-lfs git-remote-ext git-remote-ftp
    git-remote-http git-remote-https git-sh-setup git-shell gitk glab hg hub p4 svn svnadmin`,
};
