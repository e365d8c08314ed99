/* file.h: whole small files: keys, certificates, configuration. Blocks; never called on the hot path. */
#ifndef CMPD_BASE_FILE_H
#define CMPD_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* file_read reads |path| into |*out|, allocated by malloc and followed by a NUL that |*out_len| does not
 * count. The caller frees it, wiped by file_free if it is secret. Returns 1, or 0 with errno set: EFBIG when
 * the file holds more than |limit| octets, EISDIR for a folder, EINVAL for what is no regular file. */
int file_read(uint8_t **out, size_t *out_len, const char *path, size_t limit);

/* file_free wipes and frees the |len| octets at |data|, as file_read returned them. NULL is allowed. */
void file_free(uint8_t *data, size_t len);

/* file_first_line returns how long the first line of |text| is, as file_read gives it, without its end: a
 * secret in a file that an editor has ended with a line's end, or not. */
size_t file_first_line(const uint8_t *text);

/* file_write makes |path| hold exactly |len| octets with |mode|, durable when it returns: whoever opens
 * |path|, also after a power failure, finds the old content or the new, never a part. With |must_be_new| an
 * existing |path| is an error (EEXIST) and stays as it is. Returns 1, or 0 with errno set and no new file
 * left behind. */
int file_write(const char *path, const void *data, size_t len, unsigned mode, int must_be_new);

/* file_is_private returns 1 if no other than its owner may read or write |path|; 0 with errno 0 if others
 * may; 0 with errno set if it cannot be told. */
int file_is_private(const char *path);

/* file_stamp mixes into |stamp| what a file at |path| has otherwise once it was replaced, written to, or
 * removed, also behind a symbolic link. Returns the new stamp; FILE_STAMP is one of nothing. */
#define FILE_STAMP UINT64_C(0xcbf29ce484222325)
uint64_t file_stamp(uint64_t stamp, const char *path);

/* file_sync_folder makes the entry of |path| in its folder durable. Returns 1, or 0 with errno set. */
int file_sync_folder(const char *path);

#endif
