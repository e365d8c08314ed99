/* db.h: what the commands about the database share. */
#ifndef CMPD_CTL_DB_H
#define CMPD_CTL_DB_H

#include "server/ctl/ctl.h"
#include "storage/admin.h"

/* struct db_call is how one was called. */
struct db_call {
    const char *path;            /* of the configuration; NULL: none was given */
    const struct config *config; /* what is in it */
    const char *url;             /* of the store: the one given, else the configuration's */
    int json;
};

/* Each returns an exit status. */
int db_status(const struct db_call *call);
int db_check(const struct db_call *call);
int db_purge(const struct db_call *call);

#endif
