# Building crates for ARM and running them on this machine: sourced by `test-arm`, `count-instructions`,
# `cross`, `test-cross` and `kernel-test`. Expects `$root`; sets `$cross` and `$arm_target`.
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

# How instructions are encoded. Thumb-2's are of two bytes where that does: a fifth less to unpack, and every
# processor of the baseline has them.
encoding() { [ "$1" = aarch64 ] || echo -C target-feature=+thumb-mode; }

# cross_cargo ARCH COMMAND OPTION...: cargo for what runs on an emulated processor of that architecture.
cross_cargo() {
    local arch=$1 command=$2 flags
    shift 2
    flags=($(encoding "$arch"))
    if [ "$arch" = aarch64 ]; then
        hide_features
        flags+=(-C link-arg=-Wl,--wrap=getauxval -C "link-arg=$arm_target/hide-features.o" -C link-arg=-l:libc.a)
    fi
    static_cargo "$arch" std,panic_unwind,test "${flags[@]}" -- "$command" --quiet --profile emulated "$@"
}

# product_cargo ARCH COMMAND OPTION...: cargo for what is flashed. Of this machine's folders none is named
# in the result.
product_cargo() {
    local arch=$1 command=$2 from to flags=() c=()
    shift 2
    for from in "$root=/stannary" "$arm_target=/target" "${CARGO_HOME:-$HOME/.cargo}=/cargo" "$cross/root/usr=/usr"; do
        to=${from##*=} from=${from%=*}
        flags+=("--remap-path-prefix=$from=$to")
        c+=("-ffile-prefix-map=$from=$to")
    done
    flags+=($(encoding "$arch"))
    CFLAGS="${c[*]}" static_cargo "$arch" std,panic_unwind "${flags[@]}" -- "$command" --profile flash "$@"
}

# Where product_cargo leaves the binary.
product() { echo "$arm_target/$(triple "$1")/flash/stannary"; }
product_example() { echo "$arm_target/$(triple "$1")/flash/examples/$2"; }

# static_cargo ARCH CRATES RUSTFLAG... -- COMMAND OPTION...: static, so that what comes out needs no
# libraries; with these crates of the standard library from source, since no built one is packaged.
# Without backtraces, whose code would be a fifth of the build.
static_cargo() {
    local arch=$1 crates=$2 gcc flags joined name
    shift 2
    case $arch in
        armv7) gcc=$cross/bin/arm-linux-gnueabihf-gcc ;;
        aarch64) gcc=$cross/bin/aarch64-linux-gnu-gcc ;;
    esac
    flags=(-C target-feature=+crt-static -C "linker=$gcc")
    while [ "$1" != -- ]; do
        flags+=("$1")
        shift
    done
    shift
    # With the one separator that stands in no path.
    joined=$(printf '%s\x1f' "${flags[@]}")
    name=$(triple "$arch")
    name=${name//-/_}
    # `RUSTC_BOOTSTRAP` lets a stable compiler take `-Z` options.
    env RUSTC="$cross/bin/rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$arm_target" \
        CARGO_ENCODED_RUSTFLAGS="${joined%?}" \
        "CC_$name=$gcc" "AR_$name=${gcc%gcc}ar" "CFLAGS_$name=${CFLAGS:-}" \
        "$cross/bin/cargo" "$1" --locked --target "$(triple "$arch")" \
        -Zbuild-std="$crates" -Zbuild-std-features=panic-unwind "${@:2}"
}

# What takes the SHA-2 extension from an emulated aarch64 processor: the file says how.
hide_features() {
    local source=$root/scripts/lib/hide-features.c object=$arm_target/hide-features.o
    [ "$object" -nt "$source" ] && return
    mkdir -p "$arm_target"
    "$cross/bin/aarch64-linux-gnu-gcc" -O -c "$source" -o "$object"
}
