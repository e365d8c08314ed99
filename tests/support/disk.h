/* disk.h: a disk that fails: SQLite's own file layer with one write or sync, counted from when it is armed,
 * going wrong. It has a table of functions for the database and another for its log, which needs no locks. */
#ifndef CMPD_TESTS_SUPPORT_DISK_H
#define CMPD_TESTS_SUPPORT_DISK_H

#include <stdatomic.h>

struct disk {
    _Atomic int countdown; /* 0: not armed */
    _Atomic int code;      /* of SQLite, that the call fails with */
    _Atomic int hit;
    _Atomic int written;    /* pieces of the log, all in all */
    _Atomic int unsynced;   /* of them, since the log was synced last */
    _Atomic int sync_fails; /* 1: the next sync of the log does */
    int has_no_index;       /* 1: files cannot share memory, as on a disk of another machine */
};

extern struct disk disk;

/* disk_install makes it the disk of every store that is opened from now on. */
void disk_install(void);

#endif
