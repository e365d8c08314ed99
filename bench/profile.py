#!/usr/bin/env python3
"""profile.py RESULT SAMPLES: cmpbench's JSON and perf script's output become a table. Each sample belongs to the
first line of its thread that one of its functions, the innermost first, stands for."""
import collections
import json
import sys

# Thread, line of the table, functions that stand for it. "" stands for all that is left of the thread.
LINES = [
    ("worker", "verifications", ("verify_batch",)),
    ("worker", "signatures", ("sign_batch",)),
    ("worker", "signatures in BoringSSL, whose assembly has no caller",
     ("ecp_nistz256", "__ecp_nistz256", "ecp_", "ec_", "EC_", "ECDSA", "bn_", "BN_", "beeu_", "OPENSSL_")),
    ("worker", "SHA-256 (of what is signed, of requests, certificates and keys)",
     ("sha256_block_data_order", "SHA256_", "sha256_", "EVP_Digest")),
    ("worker", "keys parsed and freed", ("public_key_parse", "public_key_free")),
    ("worker", "log lines", ("log_result", "log_put_line", "log_release", "name_text")),
    ("worker", "strict DER, decoding", ("cmp_start", "der_is_strict", "walk", "cbs_", "CBS_", "certificate_parse")),
    ("worker", "decision and TBSCertificate", ("policy_decide",)),
    ("worker", "answers back to the front, waking", ("on_done", "store_commit", "store_fetch", "queue_put", "lite_")),
    ("worker", "steps of the message, encoding", ("cmp_resume", "CBB_", "cbb_", "cmp_end")),
    ("worker", "sleeping and waking", ("eventfd_read", "schedule", "sleep_until_woken")),
    ("worker", "the rest", ("",)),
    ("front", "kernel: send", ("io_send", "sock_sendmsg", "tcp_sendmsg")),
    ("front", "kernel: receive", ("io_recv", "sock_recvmsg", "tcp_recvmsg", "io_poll_task_func")),
    ("front", "kernel: the rest of io_uring, sleeping", ("do_syscall_64", "schedule", "entry_SYSCALL")),
    ("front", "memory of jobs freed and wiped", ("pipeline_job_free",)),
    ("front", "HTTP (libh2o), handing over", ("",)),
    ("store-write", "kernel: fdatasync", ("fdatasync", "do_fsync", "__x64_sys_fdatasync")),
    ("store-write", "kernel: pwrite", ("__libc_pwrite", "__x64_sys_pwrite64", "vfs_write")),
    ("store-write", "kernel: the rest, sleeping", ("do_syscall_64", "schedule", "asm_exc_page_fault")),
    ("store-write", "SQLite", ("",)),
    ("store-read", "kernel", ("do_syscall_64", "schedule", "asm_exc_page_fault")),
    ("store-read", "SQLite", ("",)),
]


def line_of(thread, stack):
    for name, line, functions in LINES:
        if name == thread and any(symbol.startswith(functions) for symbol in stack or [""]):
            return (thread, line)
    return ("others", "the rest")


def samples(path):
    thread, stack = None, []
    with open(path, encoding="utf-8", errors="replace") as file:
        for text in file:
            if not text.strip():
                if thread is not None:
                    yield thread, stack
                thread, stack = None, []
            elif not text[0].isspace():
                thread = text.split()[0]
            else:
                stack.append((text.split(None, 1)[1:] or ["?"])[0].strip().split("+")[0])
    if thread is not None:
        yield thread, stack


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        result = json.load(file)
    counts = collections.Counter(line_of(*sample) for sample in samples(sys.argv[2]))
    total = sum(counts.values())
    each = result["server_cpu_us"]
    print("%.0f enrollments a second, %.0f us of server CPU each, floor %.0f us, %d samples" %
          (result["rate"], each, result["floor_us"], total))
    print()
    print("| thread | what | us | share |")
    print("| --- | --- | ---: | ---: |")
    order = list(dict.fromkeys((thread, line) for thread, line, _ in LINES)) + [("others", "the rest")]
    for thread in list(dict.fromkeys(key[0] for key in order)):
        of_thread = sum(count for key, count in counts.items() if key[0] == thread)
        if not of_thread:
            continue
        print("| **%s** | | **%.1f** | **%.1f %%** |" % (thread, each * of_thread / total, 100 * of_thread / total))
        for key in order:
            if key[0] == thread and counts[key]:
                print("| | %s | %.1f | %.1f %% |" % (key[1], each * counts[key] / total, 100 * counts[key] / total))


main()
