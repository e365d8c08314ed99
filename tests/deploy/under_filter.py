"""Runs a command under what a unit asks the kernel to forbid: SystemCallFilter= and MemoryDenyWriteExecute=, as systemd makes a
filter of them. What a group has, this machine's systemd-analyze tells.

    under_filter.py UNIT COMMAND..."""
import ctypes
import os
import re
import subprocess
import sys

ALLOW, EPERM, MASKED_EQ = 0x7FFF0000, 0x00050000 | 1, 7
WRITE, EXEC = 2, 4


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("mask", ctypes.c_uint64), ("value", ctypes.c_uint64)]


def calls_of(word):
    """The system calls that a word of SystemCallFilter= stands for."""
    if not word.startswith("@"):
        return {word}
    text = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", word], check=True, capture_output=True, text=True).stdout
    return set().union(*(calls_of(line.strip()) for line in text.splitlines()[1:] if line.strip() and not line.strip().startswith("#")))


def allowed(unit):
    """A later line counts more; "~" takes away."""
    calls = calls_of("@default")
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        words = set().union(*map(calls_of, line.lstrip("~").split()))
        calls = calls - words if line.startswith("~") else calls | words
    return calls


def main():
    unit = open(sys.argv[1], encoding="utf-8").read()
    calls = allowed(unit)
    assert "\nSystemCallErrorNumber=EPERM\n" in unit and "\nMemoryDenyWriteExecute=yes\n" in unit and len(calls) > 100
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    library.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    context = library.seccomp_init(EPERM)

    def allow(name, *comparison):
        number = library.seccomp_syscall_resolve_name(name.encode())
        rule = (Comparison * 1)(Comparison(*comparison)) if comparison else None
        if number >= 0:  # else this machine has no such call
            assert library.seccomp_rule_add_array(context, ALLOW, number, len(comparison) // 4, rule) == 0, name

    for name in calls - {"mmap", "mprotect", "pkey_mprotect"}:
        allow(name)
    allow("mmap", 2, MASKED_EQ, EXEC, 0)
    allow("mmap", 2, MASKED_EQ, WRITE, 0)
    allow("mprotect", 2, MASKED_EQ, EXEC, 0)
    assert library.seccomp_load(context) == 0
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
