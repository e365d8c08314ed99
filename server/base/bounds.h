/* bounds.h: every bound that is not a setting, in one place, with the answer given when it is reached. */
#ifndef CMPD_BASE_BOUNDS_H
#define CMPD_BASE_BOUNDS_H

enum {
    /* Protocol (server/cmp): beyond it, the message is refused with badDataFormat or badRequest. */
    BOUND_TRANSACTION_ID = 64, /* octets; RFC 9810 5.1.1 recommends 16 */
    BOUND_NONCE = 64,          /* octets; RFC 9810 5.1.1 recommends 16 */
    BOUND_NONCE_TOLERATED = 8, /* … at least, of a senderNonce that is too short (tolerate: nonce-length) */
    BOUND_EXPIRY_DAYS_FIRST = 30, /* so long before something ends there is a first warning, … */
    BOUND_EXPIRY_DAYS_SECOND = 7, /* … a second, and one each day from then on, … */
    BOUND_EXPIRY_DAYS_LAST = 1,   /* … and a last one */
    BOUND_EXPIRY_NEXT = 8,        /* what ends next, in the detail of readiness */
    BOUND_RENEWAL_EVERY = 5, /* seconds between two attempts to renew a certificate of ours that is due */
    BOUND_RENEWAL_LOOK = 60, /* … and between two looks whether one was renewed that is not */
    BOUND_RENEWAL_REFUSED = 3600,  /* … and between two at one that is not to be renewed */
    BOUND_RENEWAL_LOAD = 60,       /* … and between two to take up what was renewed, at most */
    BOUND_RENEWAL_LEASE = 60,      /* seconds for which a node may be at it */
    BOUND_RENEWAL_BACKDATE = 3600, /* … before it was made its notBefore is, at most */
    BOUND_RENEWAL_SETTLES = 120,   /* seconds until a renewed one is used: all nodes have looked by then */
    BOUND_TOLERANCE_WARNING_DAYS = 30, /* so long before a tolerance ends there are warnings */
    BOUND_SENDER_KID = 128,            /* octets; a key identifier or a MAC reference */
    BOUND_DER_DEPTH = 24,              /* nested constructed elements */
    BOUND_EXTRA_CERTS = 16,            /* certificates in extraCerts that are looked at */
    BOUND_CHAIN = 8,                   /* certificates from the protecting one to the anchor, both counted */
    BOUND_AUTHORITIES = 8,   /* CAs of a server: a later message may have to be looked for at each */
    BOUND_PATH_STEPS = 24,   /* supplied certificates tried while a path is sought, all branches together */
    BOUND_PATH_ATTEMPTS = 3, /* paths tried when signatures of one do not verify */
    BOUND_POLICIES = 256,    /* policies, and mappings of them, that are followed along a path at a time */
    BOUND_NAME_WORK =
        1 << 20,             /* octets of names and constraints that are held against each other on a path */
    BOUND_SIGNERS = 4,       /* certificates in extraCerts that may be the protecting one, and are tried */
    BOUND_GENERAL_INFO = 16, /* InfoTypeAndValue entries in a header, or in a genm */
    BOUND_CRL_SOURCES = 4,   /* CRLs that one genm asks for */
    BOUND_GENERAL_CRLS =
        64 * 1024, /* octets of CRLs in a genp: larger ones are to be fetched where they are published */
    BOUND_CERTIFICATE = 16384, /* octets of one certificate */
    BOUND_SUBJECT = 2048,      /* octets of an encoded name */
    BOUND_NAME_COMPARED =
        512, /* octets of a name that is compared by RFC 5280 7.1; a longer one by its octets */
    BOUND_NAMES_COMPARED =
        1024,                /* octets of those names of one message or GeneralNames that are not all ASCII */
    BOUND_EXTENSIONS = 16,   /* extensions of a template or certificate that are looked at */
    BOUND_REG_TEXT = 1024,   /* octets of regToken, authenticator and utf8Pairs, each */
    BOUND_REG_INFO = 4,      /* utf8Pairs of one request */
    BOUND_SOCKET_PATH = 100, /* characters of authorize.url that names a socket */
    BOUND_VERDICT = 16384,   /* octets of what an authorizer answers */
    BOUND_VERDICT_NAMES = 16,       /* attributes of the subject, and alternative names, that it gives */
    BOUND_VERDICT_TEXT = 200,       /* octets of its reason, and of what it has a station told */
    BOUND_AUTHORIZERS_AT_ONCE = 64, /* connections to one */
    BOUND_QUESTIONS_OF_ONE = 4, /* questions of one station under way; of who enrolls for many, half of all */
    BOUND_APPROVERS = 8,        /* that a configuration may name */
    BOUND_WAITING = 8,          /* requests of one sender that a configuration may have wait */
    BOUND_WAITING_A_DAY = 20,   /* … and, in each of those places, come to wait in a day (UTC) */
    BOUND_REASON = 200,         /* octets of an approver's reason */
    BOUND_STATUS_STRING = 256,  /* octets of a statusString, of ours and of what is kept of a peer's */
    BOUND_PATHS_TEXT = 200,     /* octets of it in which the paths of a server are told */
    BOUND_DEVICE_IDENTITY = 128, /* octets of what tells a vendor's devices apart; longer: there is none */
    BOUND_DEVICE_TEXT = 256, /* octets of its site, of its notes, and of the names of its profiles, each */
    BOUND_DEVICE_SLOTS = 8,  /* certificates of a device in a profile that count at the same time */
    BOUND_REFUSALS_RECORDED = 1000, /* refusals of one key or reference in the audit log; … */
    BOUND_REFUSALS_HALVING = 600,   /* … seconds in which half of them is forgotten */
    BOUND_TAKEN_AGAIN =
        4, /* times that one announcement is stored and recorded in the time of that halving */
    BOUND_OPEN_TRANSACTIONS = 16,     /* of a reference, that a configuration may ask for */
    BOUND_UPSTREAMS = 16,             /* CAs whose announcements a configuration may take */
    BOUND_ANNOUNCEMENT = 96 * 1024,   /* octets of an announcement, taken or pushed: larger ones are not */
    BOUND_UPSTREAM_CERTIFICATES = 64, /* of all of them together */
    BOUND_ANNOUNCED_AHEAD = 300,      /* seconds that its messageTime may be ahead of the clock */
    BOUND_ANNOUNCED_CRLS = 8,         /* CRLs of one announcement */
    BOUND_ANNOUNCED_SERIAL = 32,      /* octets of a serialNumber that are told of one */
    BOUND_ANNOUNCED_ABOUT = 700,      /* octets of what is told of one */
    BOUND_NESTED_MESSAGES = 64, /* that came in one nested message, those in nested ones among them, too */
    BOUND_NESTED_DEPTH = 2,     /* nested messages, one in the other */
    BOUND_TAKEN = 6,            /* rows that a part keeps others from writing */
    BOUND_SEVERAL = 8,          /* CertReqMsg, RevDetails or CertStatus in one message */

    /* Upkeep: what is left is done a second later. */
    BOUND_UNCONFIRMED = 100,      /* transactions ended in one go for want of a certConf */
    BOUND_ALIVE_EVERY = 5,        /* seconds between two notes in the store that this node serves */
    BOUND_ALIVE_GAP = 15,         /* seconds without one from any node after which nobody served */
    BOUND_SEAL_EVERY = 60,        /* seconds after which the ends of the audit log's chains are signed */
    BOUND_PURGE_EVERY = 2,        /* seconds between two looks for a few old rows that may go … */
    BOUND_PURGE_PIECES = 16,      /* … and looks in one go, each second, while they find some */
    BOUND_PURGE_PASS = 24 * 3600, /* seconds from the beginning of one pass over all rows to the next */
    BOUND_OVERDUE_EVERY = 600,    /* seconds between two counts of certificates that are overdue, … */
    BOUND_OVERDUE_PIECES = 4,     /* … and looks in one go, each second */
    BOUND_OVERDUE_EXPIRED = 30 * 24 * 3600, /* seconds after its notAfter for which one is told */
    BOUND_INVENTORY_EVERY =
        300, /* seconds from the beginning of one count of all certificates to the next, … */
    BOUND_INVENTORY_PIECES = 16, /* … looks in one go, each second, of 256 certificates, … */
    BOUND_INVENTORY_LEASE = 60,  /* … and seconds after which another node may count when one is gone */

    /* Announcements: what is left is pushed later. */
    BOUND_ANNOUNCE_URLS = 8,      /* of a CA */
    BOUND_ANNOUNCE_SECONDS = 10,  /* for one delivery, … */
    BOUND_ANNOUNCE_ANSWER = 4096, /* … and octets of its answer, which nobody reads */
    BOUND_ANNOUNCE_LEASE = 60,    /* seconds after which another node may push when one is gone */
    BOUND_ANNOUNCE_RETRY = 5,     /* seconds after a failure until the next attempt, doubled each time … */
    BOUND_ANNOUNCE_RETRY_MAX = 1800, /* … up to this */
    BOUND_ANNOUNCE_AGE = 24 * 3600,  /* seconds after which a revocation that never arrived is given up */
    BOUND_ANNOUNCE_SETTLED = 60, /* seconds after the time to confirm until certificates are looked at: clocks
                                  * of nodes differ */
    BOUND_ANNOUNCE_AT_ONCE_MS = 1000, /* milliseconds after which others get their turn */

    /* CRLs. */
    BOUND_CRL_EVERY_MS =
        500,              /* between two looks for what was revoked, and for a newer CRL of another node */
    BOUND_CRL_LEASE = 10, /* seconds after which another node may make CRLs when one is gone */
    BOUND_CRL_EXPIRED_FOR = 14 * 24 * 3600, /* seconds for which a certificate stays listed when it has
                                             * expired: longer than any CRL is valid … */
    BOUND_CRL_SHARDS = 128,                 /* of a CA */
    BOUND_CRL_FILES = 16,                   /* CRLs of CAs above */
    BOUND_CRL_FILE_NAME = 128,              /* octets of the name by which one of them is published */
    BOUND_TLS_EVERY = 2,                    /* seconds between two looks at the TLS files of listeners */
    BOUND_TLS_SETTLES = 10, /* for which those that changed may not fit each other, before it is an alarm */
    BOUND_VENDOR_CRLS = 64, /* of a vendor; beyond these bounds the configuration is refused: */
    BOUND_VENDOR_CRL_EVERY = 2, /* seconds between two looks whether one of those files has changed */
    BOUND_VENDOR_CRL_OCTETS = 64 * 1024 * 1024, /* of one of them */
    BOUND_VENDOR_CRLS_OCTETS =
        128 * 1024 * 1024,             /* of all of a vendor; beyond, what was fetched is left out */
    BOUND_BLOCKED_CERTIFICATES = 1024, /* that all vendors' settings block together */
    BOUND_VENDOR_CRL_FETCH = 60,       /* seconds for one that is fetched; after a fault, … */
    BOUND_VENDOR_CRL_RETRY = 60,       /* … until it is tried again */
    BOUND_VENDOR_CRL_AHEAD = 60,       /* that its thisUpdate may be ahead: clocks differ */
    BOUND_VENDOR_CRL_LOADED = 10,      /* until one that was kept is in use, at the latest */
    BOUND_VENDOR_CRL_REMIND = 3600,    /* between two warnings of one that is stale, or will be */
    BOUND_VENDOR_CRL_URL = 1024,       /* octets of where one is fetched from */
    BOUND_FETCH_CONNECT = 10, /* seconds until a server of what is fetched is found and reached, and … */
    BOUND_FETCH_STALL = 15,   /* … for which one may send less than … */
    BOUND_FETCH_SLOW = 256,   /* … so many octets a second */
    BOUND_CRL_ISSUERS = 256,  /* whose certificates are in an indirect one */
    BOUND_CRL_NAMES = 8,      /* names of a distribution point that are looked at; then of no use: … */
    BOUND_CRL_POINTS = 16,    /* … distribution points of a certificate that are, … */
    BOUND_CRL_STEPS = 64,   /* … and certificates, issuers of CRLs among them, to know the status of one */
    BOUND_LDAP_SECONDS = 5, /* for which a directory is waited for, at each step */
    BOUND_LDAP_VALUE = 16 * 1024 * 1024,  /* octets of a CRL that a directory is given */
    BOUND_LDAP_ANSWER = 64 * 1024 * 1024, /* octets of an answer of it: what is there may be of others */
    BOUND_CRL_PEM = 4 * 1024 * 1024,      /* octets up to which a CRL is published in PEM, too */
    BOUND_CRL_OCTETS =
        256 * 1024 * 1024, /* of one that another node has made; beyond it, it is not published */
    BOUND_PUBLISHED_FORMER = 256 * 1024 * 1024, /* of documents that were replaced and are still read; beyond
                                                 * it the oldest downloads end */

    /* OCSP: beyond it, a request is answered by malformedRequest. */
    BOUND_OCSP_OCTETS = 8192, /* of a request: its signature is not looked at, but may come along */
    BOUND_OCSP_REQUESTS = 16, /* certificates that one request asks for */
    BOUND_OCSP_NONCE = 128,   /* octets; RFC 9654 2.1 */
    BOUND_OCSP_EVERY_MS =
        500, /* between two looks for what was revoked, and for a certificate to be renewed */

    /* What is known of sources (server/base/ledger.h): beyond it, those seen least lately are forgotten. */
    BOUND_LEDGER_PLACES = 65536,     /* sources, or pairs of a MAC reference and a source */
    BOUND_LEDGER_PROVED = 24 * 3600, /* seconds for which a source counts as one that proved who it is */

    /* Keys in tokens: beyond it, a signing fails with systemUnavail. */
    BOUND_TOKEN_QUEUE = 4096, /* signings that a token has and has not answered */
    BOUND_TOKEN_STALL =
        10, /* seconds with work and without a single answer after which it is taken for lost */
    BOUND_TOKEN_SESSIONS = 256, /* that a configuration may ask for */

    /* Log: how many lines of a kind one source may bring about in a while; beyond it they are counted. */
    BOUND_LOG_LINES = 100,
    BOUND_LOG_ALL_LINES = 10000, /* of all sources together */
    BOUND_LOG_SECONDS = 10,

    /* Descriptors beside those of connections: a start is refused if the process cannot have them. */
    BOUND_DESCRIPTORS = 256, /* store, log, configuration and what it names */
    BOUND_DESCRIPTORS_OF_THREAD =
        16, /* rings and wake-ups, sockets that listen, files of a token's session */

    /* Memory of a job: beyond it, the job is refused with systemFailure. */
    BOUND_JOB_ARENA = 512 * 1024,

    /* A source within a minute or so; ten times that if it proved itself. Beyond it, its connections are
       closed. */
    BOUND_HANDSHAKES = 6000,  /* handshakes of TLS */
    BOUND_GIVEN_UP = 1000,    /* requests whose answers it did not wait for */
    BOUND_OWN_ANSWERS = 3000, /* answers of the front itself: pages, and requests that are none of CMP */
    BOUND_FLOODS = 20,        /* connections that were ended for resets, empty frames or header fields */
    BOUND_GIVE_WAY = 64,      /* idle connections that are closed at a time for want of room */

    /* Turns of sources in a lane. */
    BOUND_TASK_US = 50,         /* what any task costs at least … */
    BOUND_SLOW_TURN_US = 10000, /* … and what a turn in the slow lane pays for; in the fast one slow_job_us */
    BOUND_LANE_DEBT_US = 1000000, /* more than this is not waited for */

    /* Wrong MACs: beyond it, whoever guesses is refused without a look at the secret. */
    BOUND_GUESSES_PAIR = 10,     /* of one reference from one source */
    BOUND_GUESSES_AT_ONCE = 64,  /* of one that was never right from there, before the first is judged */
    BOUND_GUESSES_SOURCE = 100,  /* of one source, except by references that were right from there */
    BOUND_GUESSES_HALVING = 600, /* seconds in which half of them is forgotten */
    BOUND_GUESSES_SHARED = 256,  /* references and sources of which a node tells the others at a time */

    /* /metrics: what is beyond it is left out, and told. */
    BOUND_METRICS_SERIES = 5000,
    BOUND_METRICS_OCTETS = 2 * 1024 * 1024, /* of a text */
    BOUND_METRICS_TEXTS = 4,                /* texts that readers have at a time; beyond it, 503 */
    BOUND_METRICS_EVERY_MS = 1000,          /* a text is given again for so long */
    BOUND_METRIC_LABEL = 128,               /* octets of a label's value; a longer one is cut */

    /* One batch of a worker; a longer list is served in several. */
    BOUND_BATCH = 256,
    BOUND_BATCH_MIXED = 32,    /* of what comes back, and nothing new if that much does, and … */
    BOUND_BATCH_IN_A_ROW = 8,  /* … new ones of one source in a row, while several are at work: */
    BOUND_MIXED_STEP = 32,     /* for so many batches more after each change from one to another, … */
    BOUND_MIXED_BATCHES = 256, /* … and no more than that */
    BOUND_BATCH_US = 10000,    /* of what peers chose to be verified and derived; one task more at the most */
};

#endif
