# Programs from Debian's packages, unpacked and not installed: sourced by `fetch-*` scripts, after private-apt.sh.
#
# They come from one release, whatever the host's is, are unpacked beside each other and run under the dynamic
# loader that came with them; nothing on the system is installed, changed or started, and no root is needed.
#
# Whoever sources it sets `dest` (the folder), `suite`, `packages` and `programs` (arrays; what is to be in `bin`),
# and defines `works PROGRAM`: true if that one, in `$dest/bin`, runs.
#
# shellcheck shell=bash disable=SC2154

# Prints `dest`; does nothing more where it is whole and made by the same scripts. Ends with status 3 where there
# are no such packages for the host: no apt, or not amd64.
unpack_programs() {
    local recipe
    recipe=$(cat "$0" "${BASH_SOURCE[0]}" | cksum)
    if [ -e "$dest/recipe" ] && [ "$(cat "$dest/recipe")" = "$recipe" ] && all_work; then
        echo "$dest"
        return
    fi
    command -v apt-get >/dev/null || not_for_this_host "there is no apt"
    [ "$(dpkg --print-architecture)" = amd64 ] || not_for_this_host "this is no amd64 machine"
    local work=$dest.partial names deb
    rm -rf "$work"
    mkdir -p "$work"/{debs,root,bin}
    private_apt "$work/apt" <<<"$(mirror) $suite"
    export APT_CONFIG=$work/apt/apt.conf
    say "reading the package lists of $suite at $(mirror)"
    apt-get update -qq >&2 || fail "the package lists cannot be read; check the network and \`apt-get update\`"
    names=$(closure "${packages[@]}") || fail "$suite has no ${packages[*]}"
    say "downloading $(wc -w <<<"$names") packages"
    # Unquoted on purpose: one argument per name.
    # shellcheck disable=SC2086
    (cd "$work/debs" && apt-get download -qq $names >&2) || fail "the download failed; run it again"
    for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
    rm -rf "$work/root/usr/share"
    wrappers "$work"
    rm -rf "$work/apt" "$work/debs"
    rm -rf "$dest"
    mv "$work" "$dest"
    all_work || fail "what was unpacked into \`$dest/bin\` does not run"
    # Last, so that a directory with this file is whole.
    echo "$recipe" >"$dest/recipe"
    echo "$dest"
}

all_work() {
    local program
    for program in "${programs[@]}"; do works "$program" || return 1; done
}

not_for_this_host() {
    say "${packages[*]} come from Debian's packages for amd64, and $*"
    exit 3
}

# Names of the packages and of the libraries under them, libc among them.
closure() {
    local wanted
    wanted=$(printf '%s|' "$@")
    apt-get install --simulate -qq "$@" | sed -n 's/^Inst \([^ ]*\) .*/\1/p' |
        grep -Ex "${wanted}lib.*|zlib1g" | grep -Evx 'lib(js-|pam|semanage|sepol|audit-common).*|.*-common' || return 1
}

# Commands run the unpacked ones under the unpacked loader. Found from where they stand, so that the
# directory can be moved.
wrappers() {
    local work=$1 loader libs program path
    loader=$(cd "$work/root" && find . -name 'ld-linux-x86-64.so.*' | head -n 1)
    [ -n "$loader" ] || fail "no dynamic loader came with the packages"
    libs=$(cd "$work/root" && find . -name '*.so.*' -printf '%h\n' | sort -u | sed 's#^\.#$here/root#' | paste -sd:)
    for program in "${programs[@]}"; do
        path=$(cd "$work/root" && find . -path "*bin/$program" | head -n 1)
        [ -n "$path" ] || fail "\`$program\` is not in its package"
        cat >"$work/bin/$program" <<RUN
#!/bin/sh
# Written by scripts/${0##*/}.
here=\$(cd -P "\$(dirname "\$0")/.." && pwd)
exec "\$here/root/${loader#./}" --library-path "$libs" "\$here/root/${path#./}" "\$@"
RUN
        chmod +x "$work/bin/$program"
    done
}
