/* job_end.h: how a request ends, for whoever carries its answer. Each transport says it in its own words. */
#ifndef CMPD_BASE_JOB_END_H
#define CMPD_BASE_JOB_END_H

enum job_end {
    JOB_ANSWERED,   /* there is a PKIMessage to answer, a refusal perhaps */
    JOB_UNREADABLE, /* the content is none */
    JOB_NO_ROUTE,   /* nothing is served under the path */
    JOB_BUSY,       /* there is no room or no memory for it now */
    JOB_NO_KEY,     /* nothing can be protected now */
    /* Announcements have no PKIMessage for an answer, and no content at all (RFC 9811 3.5): */
    JOB_STORED,    /* it is stored, or was there before */
    JOB_FORBIDDEN, /* who sent it is nobody whose announcements are taken */
    JOB_REFUSED,   /* it is of no use */
    JOB_NOT_NOW,   /* it could not be stored now */
};

#endif
