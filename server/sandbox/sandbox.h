/* sandbox.h: what a process that somebody else has taken over can still do: little.
 *
 * Files first, by Landlock, before there are threads (a thread is confined with those that it makes); system
 * calls last, by seccomp, when all threads and rings exist. What each part of the server needs stands in one
 * table (table.c). A kernel that has one of the two, or neither, is told, and the server goes on without.
 *
 * With the module of a token in the process nobody knows what it needs. Then files are not confined but for
 * executing and making devices, and calls are a list of what is forbidden instead of what is allowed. */
#ifndef CMPD_SANDBOX_SANDBOX_H
#define CMPD_SANDBOX_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

enum sandbox_part {
    SANDBOX_ALL = 1 << 0, /* what every process needs */
    SANDBOX_URING = 1 << 1,
    SANDBOX_EPOLL = 1 << 2,
    SANDBOX_SQLITE = 1 << 3,
    SANDBOX_POSTGRES = 1 << 4,
    SANDBOX_TOKEN = 1 << 5,     /* a module of somebody else */
    SANDBOX_DIRECTORY = 1 << 6, /* LDAP */
    SANDBOX_FETCH = 1 << 7,     /* documents of other servers */
    SANDBOX_SERVICE = 1 << 8,   /* a service manager, or its journal, is told */
    SANDBOX_OUT = SANDBOX_POSTGRES | SANDBOX_DIRECTORY | SANDBOX_FETCH, /* those that connect to others */
};

struct sandbox;

/* sandbox_new returns a sandbox for the |parts| of a process (SANDBOX_ALL is among them), with the folders
 * that the table names for them. NULL without memory. sandbox_free frees it; what it has confined stays so.
 */
struct sandbox *sandbox_new(unsigned parts);
void sandbox_free(struct sandbox *sandbox);

/* sandbox_add_folder allows what is in and below |folder| to be read, and, with |is_written|, to be written,
 * made and removed. A folder that does not exist is left out. Returns 1, or 0 without memory. */
int sandbox_add_folder(struct sandbox *sandbox, const char *folder, int is_written);

/* sandbox_add_file allows the folder of |file|, which may be replaced there, and that of what it is a link
 * to. */
int sandbox_add_file(struct sandbox *sandbox, const char *file, int is_written);

/* sandbox_has_file returns 1 if |file| could be read from inside, as far as folders go. */
int sandbox_has_file(const struct sandbox *sandbox, const char *file);

/* sandbox_writes_folder returns 1 if |folder| could be written to from inside. */
int sandbox_writes_folder(const struct sandbox *sandbox, const char *folder);

/* sandbox_add_port allows to listen on |port|; once one is added, on no other. 0 allows every port. */
int sandbox_add_port(struct sandbox *sandbox, uint16_t port);

/* sandbox_confine_files and sandbox_confine_calls enter it; new privileges must have been given up before.
 * The second is for all threads at once. Return 1, or 0 with |why| (|len| octets) when the kernel cannot. */
int sandbox_confine_files(struct sandbox *sandbox, char *why, size_t len);
int sandbox_confine_calls(struct sandbox *sandbox, char *why, size_t len);

/* sandbox_is_possible returns 0 in a build with sanitizers, whose runtime needs what is forbidden here. */
int sandbox_is_possible(void);

#endif
