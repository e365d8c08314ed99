/* given.c: CRLs of the CAs above. That they are published is in tests/server/test_publishing.sh. */
#include "server/crl/given.h"

#include <criterion/criterion.h>

Test(given, the_last_quarter_is_soon)
{
    const struct cmp_crl crl = {.this_update = 1000, .next_update = 1400};

    cr_assert_not(given_ends_soon(&crl, 1000));
    cr_assert_not(given_ends_soon(&crl, 1300));
    cr_assert(given_ends_soon(&crl, 1301));
    cr_assert(given_ends_soon(&crl, 5000), "it has ended");
}
