/* close_store.c: opens a store, gives it work from several threads, and closes it at once; again and again.
 * For ThreadSanitizer, under which Criterion cannot run: a store's end is where its threads meet.
 *
 * Usage: close-store COUNT URL */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/store.h"
#include "tests/support/must.h"

enum { THREADS = 3, EACH = 40 };

struct work {
    struct store *store;
    int number;
    atomic_uint ended;
    struct store_seal seals[EACH];
    struct store_unit units[EACH];
    struct store_fetch fetches[EACH];
};

static void count(void *arg)
{
    struct work *work = arg;
    atomic_fetch_add(&work->ended, 1);
}

static void *give(void *arg)
{
    struct work *work = arg;
    for (int i = 0; i < EACH; i++) {
        work->seals[i] = (struct store_seal){.number = work->number * EACH + i + 1,
                                             .at = 1700000000123,
                                             .node = bytes_str("node"),
                                             .text = bytes_str("text"),
                                             .signature = bytes_str("signature")};
        work->units[i] = (struct store_unit){.arena = NULL};
        work->fetches[i] = (struct store_fetch){
            .kind = STORE_TRANSACTIONS, .issuer = bytes_str("issuer"), .key = bytes_str("key")};
        store_unit_write(&work->units[i], STORE_ONCE, STORE_SEALS, &work->seals[i]);
        must(store_commit(work->store, &(struct store_unit *){&work->units[i]}, &(void *){work}, 1, count));
        must(store_fetch(work->store, &(struct store_fetch *){&work->fetches[i]}, &(void *){work}, 1, count));
    }
    return NULL;
}

static void once(const char *url)
{
    static struct work works[THREADS];
    pthread_t threads[THREADS];
    char fault[STORE_FAULT_MAX];
    struct store *store = store_open(fault, url, "node");

    if (store == NULL)
        fprintf(stderr, "%s\n", fault);
    must(store != NULL);
    for (int i = 0; i < THREADS; i++) {
        memset(&works[i], 0, sizeof works[i]);
        works[i].store = store;
        works[i].number = i;
        must(pthread_create(&threads[i], NULL, give, &works[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    store_close(store);
    for (int i = 0; i < THREADS; i++) {
        must(atomic_load(&works[i].ended) == 2 * EACH);
        for (int n = 0; n < EACH; n++)
            must(works[i].units[n].outcome == STORE_DONE);
    }
}

int main(int argc, char **argv)
{
    must(argc == 3);
    for (int i = 0; i < atoi(argv[1]); i++)
        once(argv[2]);
    return 0;
}
