/* folder.c: what is published, in files. */
#include "server/crl/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include "server/crl/make.h"
#include "tests/unit/crl/fixture.h"

static char path[] = "/tmp/cmpd-folder.XXXXXX";
static struct publication *publication;
static struct folder *folder;

static void begin(void)
{
    set_up_ca();
    log_set_level(LOG_ERROR);
    cr_assert_not_null(mkdtemp(path));
    publication = publication_new();
    folder = folder_new(path);
}

static void end(void)
{
    char command[128];

    folder_free(folder);
    publication_free(publication);
    tear_down_ca();
    snprintf(command, sizeof command, "rm -rf %s", path);
    cr_assert_eq(system(command), 0);
}

TestSuite(folder, .init = begin, .fini = end);

static void publish(int64_t number)
{
    const struct crl_times times = {number, CERTS_NOW + number % 1000, CERTS_NOW + 1000, 0};
    static const struct revoked nothing;
    struct bytes der;

    cr_assert(crl_make_full(&der, &authority, &nothing, &times));
    cr_assert(publication_put(publication, "/crl/a.crl", "t", der, 0, 0, NULL));
}

Test(folder, a_newer_CRL_takes_the_place_of_an_older_one)
{
    cr_assert_eq(folder_number(folder, "/crl/a.crl"), 0);
    publish(3);
    folder_write(folder, publication);
    cr_assert_eq(folder_number(folder, "/crl/a.crl"), 3);
    publish(4);
    folder_write(folder, publication);
    cr_assert_eq(folder_number(folder, "/crl/a.crl"), 4);
}

/* Another node, or this one before its store was restored. */
Test(folder, an_older_CRL_replaces_none)
{
    struct publication *older = publication_new(), *first = publication;
    struct folder *another = folder_new(path);

    publish(9);
    folder_write(folder, publication);
    publication = older;
    publish(8);
    folder_write(another, publication);
    publication = first;
    cr_assert_eq(folder_number(folder, "/crl/a.crl"), 9);
    publication_free(older);
    folder_free(another);
}

/* Whoever wrote that wanted no CRL to be written there any more (RFC 5280 5.2.3: numbers go up). */
Test(folder, a_CRL_whose_number_leaves_no_room_above_it_is_replaced)
{
    struct publication *far = publication_new(), *first = publication;
    struct folder *another = folder_new(path);

    publication = far;
    publish(INT64_MAX - 1);
    folder_write(another, publication);
    cr_assert_eq(folder_number(folder, "/crl/a.crl"), 0);
    publication = first;
    publish(5);
    folder_write(folder, publication);
    cr_assert_eq(folder_number(folder, "/crl/a.crl"), 5);
    publication_free(far);
    folder_free(another);
}

static int is_there(const char *name)
{
    char file[128];

    snprintf(file, sizeof file, "%s%s", path, name);
    return access(file, F_OK) == 0;
}

static void publish_pem(void)
{
    cr_assert(publication_put(publication, "/crl/a.pem", "t", bytes_of(strdup("PEM"), 3), 0, 0, NULL));
}

/* One that has grown too long for PEM would leave there what says less. */
Test(folder, the_PEM_of_a_CRL_goes_when_it_has_none_any_more)
{
    struct folder *another = folder_new(path);

    publish(3);
    publish_pem();
    folder_write(folder, publication);
    cr_assert(is_there("/crl/a.pem"));
    publication_remove(publication, "/crl/a.pem");
    publish(4);
    folder_write(another, publication); /* after a restart */
    cr_assert(!is_there("/crl/a.pem"));
    cr_assert(is_there("/crl/a.crl"));
    publish_pem();
    folder_write(another, publication);
    cr_assert(is_there("/crl/a.pem"));
    publication_remove(publication, "/crl/a.pem");
    folder_write(another, publication);
    publish_pem();
    folder_write(another, publication);
    cr_assert(is_there("/crl/a.pem"), "the same octets again");
    folder_free(another);
}

/* Of a CA that has left the configuration, what is there stays: other nodes may still write it. */
Test(folder, what_is_published_no_more_stays)
{
    publish(3);
    publish_pem();
    folder_write(folder, publication);
    publication_remove(publication, "/crl/a.crl");
    publication_remove(publication, "/crl/a.pem");
    folder_write(folder, publication);
    cr_assert(is_there("/crl/a.crl"));
    cr_assert(is_there("/crl/a.pem"));
}

Test(folder, what_is_no_CRL_is_replaced_by_what_is_published)
{
    char file[128];
    FILE *out;

    snprintf(file, sizeof file, "%s/crl", path);
    cr_assert_eq(mkdir(file, 0755), 0);
    snprintf(file, sizeof file, "%s/crl/a.crl", path);
    out = fopen(file, "w");
    cr_assert_not_null(out);
    fputs("\x30nothing", out);
    fclose(out);
    cr_assert_eq(folder_number(folder, "/crl/a.crl"), 0);
    publish(1);
    folder_write(folder, publication);
    cr_assert_eq(folder_number(folder, "/crl/a.crl"), 1);
}
