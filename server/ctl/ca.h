/* ca.h: what the commands share that make certificates of CAs, where the keys of CAs are: offline, mostly. */
#ifndef CMPD_CTL_CA_H
#define CMPD_CTL_CA_H

#include "server/ctl/command.h"
#include "server/ctl/ctl.h"

enum { CA_ARENA = 4 * 1024 * 1024, CA_DAY = 24 * 60 * 60 };

/* ca_read_signer reads the certificate of a CA from the PEM file |certificate|, and its key: a PEM file,
 * opened by the first line of |passphrase_file| (NULL: there is none) if it is encrypted, or a pkcs11: URI.
 * It must be allowed to certify at |now| (Unix seconds). 1, or 0 with a fault printed; |out| is cleaned up by
 * ctl_identity_cleanup in any case. */
int ca_read_signer(struct ctl_identity *out, struct arena *arena, const char *certificate, const char *key,
                   const char *passphrase_file, int64_t now);

/* ca_is_repeatable returns 1 if another certificate can stand for |cert|, which is in the file |path|: it has
 * nothing that is not made here, and that whoever relies on it would miss. 0 with a fault printed. */
int ca_is_repeatable(const struct certificate *cert, const char *path);

/* ca_read_name builds the name of the option "name" of |call|, which is given. 1, or 0 with a fault printed.
 */
int ca_read_name(struct bytes *out, struct arena *arena, const struct ctl_call *call);

/* ca_write writes |der| as PEM to |path|, which must be new. 1, or 0 with a fault printed. */
int ca_write(const char *path, struct bytes der);

/* ca_tell prints that |path| was made: whose certificate it is, and until when. 1, or 0 without memory. */
int ca_tell(const char *path, struct bytes der);

#endif
