# Building crates for ARM and running them on this machine: sourced by `test-arm` and
# `count-instructions`. Expects `$root`; sets `$cross` and `$arm_target`.
#
# shellcheck shell=bash

cross=$root/target/cross
# A target directory apart: it belongs to another compiler than the host's.
arm_target=${CARGO_TARGET_DIR:-$root/target}/arm

# What scripts/fetch-cross answers where its packages are not made for the host.
not_for_this_host=3

# Gets the toolchain, or ends the script. Returns 1, with a sentence, where the toolchain cannot be had;
# with `STANNARY_ARM_TESTS=1` that is a failure too.
have_cross() {
    local status=0
    "$root/scripts/fetch-cross" >/dev/null || status=$?
    [ $status -eq 0 ] && return
    [ $status -eq $not_for_this_host ] && [ "${STANNARY_ARM_TESTS:-}" != 1 ] || exit 1
    printf '%s: no toolchain for ARM here: nothing for ARM was built or run\n' "${0##*/}" >&2
    return 1
}

# Rust's name of an architecture.
triple() {
    case $1 in
        armv7) echo armv7-unknown-linux-gnueabihf ;;
        aarch64) echo aarch64-unknown-linux-gnu ;;
    esac
}

emulator() {
    case $1 in
        armv7) echo "$cross/bin/qemu-arm-static" ;;
        aarch64) echo "$cross/bin/qemu-aarch64-static" ;;
    esac
}

# cross_cargo ARCH COMMAND OPTION...: cargo for that architecture. Static, so that the emulator needs no
# libraries; with a standard library from source, since no built one is packaged. Without backtraces,
# whose code would be a fifth of the build.
cross_cargo() {
    local arch=$1 command=$2 flags=(-C target-feature=+crt-static) joined
    shift 2
    case $arch in
        armv7) flags+=(-C "linker=$cross/bin/arm-linux-gnueabihf-gcc") ;;
        aarch64)
            hide_features
            flags+=(-C "linker=$cross/bin/aarch64-linux-gnu-gcc" -C link-arg=-Wl,--wrap=getauxval
                -C "link-arg=$arm_target/hide-features.o" -C link-arg=-l:libc.a)
            ;;
    esac
    # With the one separator that stands in no path.
    joined=$(printf '%s\x1f' "${flags[@]}")
    # `RUSTC_BOOTSTRAP` lets a stable compiler take `-Z` options.
    env RUSTC="$cross/bin/rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$arm_target" \
        CARGO_ENCODED_RUSTFLAGS="${joined%?}" \
        "$cross/bin/cargo" "$command" --quiet --locked --profile emulated --target "$(triple "$arch")" \
        -Zbuild-std=std,panic_unwind,test -Zbuild-std-features=panic-unwind "$@"
}

# What takes the SHA-2 extension from an emulated aarch64 processor: the file says how.
hide_features() {
    local source=$root/scripts/lib/hide-features.c object=$arm_target/hide-features.o
    [ "$object" -nt "$source" ] && return
    mkdir -p "$arm_target"
    "$cross/bin/aarch64-linux-gnu-gcc" -O -c "$source" -o "$object"
}
