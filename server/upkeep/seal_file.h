/* seal_file.h: the file that seals of the audit log are written into besides store and log: durable, a line
 * each, as the log has them, so that whatever reads logs for seals reads it, too (cmpctl audit verify --log).
 * What takes lines away from a log, sampling or the limit of a journal, does not reach it. */
#ifndef CMPD_UPKEEP_SEAL_FILE_H
#define CMPD_UPKEEP_SEAL_FILE_H

#include <stddef.h>

/* struct seal_file is where it is open; it belongs to one thread. */
struct seal_file {
    int fd; /* -1: not open, the next line opens it */
};

/* seal_file_close closes it. */
void seal_file_close(struct seal_file *file);

/* seal_file_prepare opens |path| if that is not what is open, and makes it and its folder if they are
 * missing. Returns 1, or 0 with errno set. */
int seal_file_prepare(struct seal_file *file, const char *path);

/* seal_file_append adds |len| octets, a whole line, to what |path| leads to now; all of it is durable, or
 * none of it is there. Returns 1, or 0 with errno set. */
int seal_file_append(struct seal_file *file, const char *path, const char *line, size_t len);

#endif
