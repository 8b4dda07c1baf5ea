# Building crates for ARM and running them on this machine: sourced by `test-arm` and
# `count-instructions`. Expects `$root`; sets `$cross` and `$arm_target`.
#
# shellcheck shell=bash

cross=$root/target/cross
# A target directory apart: it belongs to another compiler than the host's.
arm_target=${CARGO_TARGET_DIR:-$root/target}/arm

# What scripts/fetch-cross answers where its packages are not made for the host.
not_for_this_host=3

# Gets the toolchain. Where it cannot be had, says so and ends the script: well, unless
# `STANNARY_ARM_TESTS` wants it run whatever comes.
need_cross() {
    local status=0
    "$root/scripts/fetch-cross" >/dev/null || status=$?
    [ $status -eq 0 ] && return
    if [ $status -eq $not_for_this_host ] && [ "${STANNARY_ARM_TESTS:-}" != 1 ]; then
        echo "${0##*/}: no toolchain for ARM can be had here: nothing for ARM was built or run"
        exit 0
    fi
    exit 1
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
    local arch=$1 command=$2 target gcc flags
    shift 2
    target=$(triple "$arch")
    case $arch in
        armv7) gcc=arm-linux-gnueabihf-gcc ;;
        aarch64) gcc=aarch64-linux-gnu-gcc ;;
    esac
    flags="-C target-feature=+crt-static -C linker=$cross/bin/$gcc"
    # `RUSTC_BOOTSTRAP` lets a stable compiler take `-Z` options.
    env RUSTC="$cross/bin/rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$arm_target" \
        CARGO_ENCODED_RUSTFLAGS="${flags// /$'\x1f'}" \
        "$cross/bin/cargo" "$command" --quiet --locked --profile emulated --target "$target" \
        -Zbuild-std=std,panic_unwind,test -Zbuild-std-features=panic-unwind "$@"
}
