# Packages without installing them: sourced by the `fetch-*` scripts.
#
# A private apt root reads package lists and downloads packages beside the system's own apt: nothing on
# the system is installed or changed, and no root is needed. Packages come from the mirror that the
# system's apt already uses, through its proxy settings, and are checked with Debian's archive keys as
# always.
#
# shellcheck shell=bash

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() { say "$*"; exit 1; }

# All addresses among the system's sources, in either of apt's two formats.
source_uris() {
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs:[[:space:]]*//Ip' | tr ' ' '\n'
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        sed -n 's/^deb[[:space:]]\+\(\[[^]]*\][[:space:]]*\)\?\([^[:space:]]\+\).*/\2/p'
}

# The first Debian mirror among the system's sources. Security and third-party archives are other hosts
# or paths; `deb.debian.org` is the fallback.
mirror() {
    local uri
    uri=$(source_uris | grep -E '/debian/?$' | head -n 1) || true
    printf '%s\n' "${uri:-http://deb.debian.org/debian}"
}

# The same for the security archive: a path of its own on a mirror, or Debian's own host.
security_mirror() {
    local uri
    uri=$(source_uris | grep -E '/debian-security/?$|//security\.debian\.org/?$' | head -n 1) || true
    printf '%s\n' "${uri:-http://security.debian.org/debian-security}"
}

# private_apt DIR, with lines `URI SUITE...` on standard input: own lists, cache and (empty) package
# state. Of the system's configuration only the `Acquire` settings (proxy, retries, certificates) are
# taken, since hooks belong to the system. Commands then run with `APT_CONFIG=DIR/apt.conf`.
private_apt() {
    local apt=$1 keyring= k uri suites
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,parts,trusted,empty,sources}
    : >"$apt/status"
    apt-config dump | grep '^Acquire::' >"$apt/parts/10system" || true
    for k in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
        [ -s "$k" ] && keyring=$k && break
    done
    [ -n "$keyring" ] || fail "Debian's archive keys are missing; install \`debian-archive-keyring\`"
    while read -r uri suites; do
        printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' "$uri" "$suites" "$keyring"
    done >"$apt/sources/debian.sources"
    cat >"$apt/apt.conf" <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$apt/parts";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources";
Dir::Etc::preferencesparts "$apt/empty";
Dir::Etc::preferences "/dev/null";
Dir::Etc::trustedparts "$apt/trusted";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
}
