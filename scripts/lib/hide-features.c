/* Stands before libc's `getauxval` in programs for emulated processors (linked with `--wrap`), since
 * QEMU's aarch64 processors all have the SHA-2 extension and no switch to take it from them. The bits of
 * AT_HWCAP in $STANNARY_HIDE_HWCAP are cleared: a program that asks before it uses an extension, as it
 * must, then finds the lesser processor. */
#include <stdlib.h>
#include <sys/auxv.h>

unsigned long __real_getauxval(unsigned long type);

unsigned long __wrap_getauxval(unsigned long type)
{
    unsigned long value = __real_getauxval(type);
    const char *hidden = type == AT_HWCAP ? getenv("STANNARY_HIDE_HWCAP") : NULL;
    return hidden ? value & ~strtoul(hidden, NULL, 0) : value;
}
