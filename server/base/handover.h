/* handover.h: what ThreadSanitizer cannot know of a queue, told where it happens. Nothing in any other build.
 */
#ifndef CMPD_BASE_HANDOVER_H
#define CMPD_BASE_HANDOVER_H

#if defined(__SANITIZE_THREAD__)
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
#define HANDOVER_GUESS_BEGIN() AnnotateIgnoreReadsBegin(__FILE__, __LINE__)
#define HANDOVER_GUESS_END() AnnotateIgnoreReadsEnd(__FILE__, __LINE__)
#else
/* HANDOVER_GUESS_BEGIN and _END stand around a take from a ring. Where there are several takers, each copies
 * the entry before it knows whether another has been faster, and throws the copy away if so: that copy may
 * meet the next entry being written, and nobody looks at it. And where there is one, ThreadSanitizer learns
 * of the ring's index just before it is read, and may miss what is put in between the two: what an entry
 * points to is then handed over by an atomic of our own. */
#define HANDOVER_GUESS_BEGIN() ((void)0)
#define HANDOVER_GUESS_END() ((void)0)
#endif

#endif
