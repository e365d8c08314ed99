/* test_config_place.c: which configuration is meant, by whom it is named. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/base/config_place.h"

Test(config_place, the_option_comes_before_the_environment_and_that_before_the_default)
{
    setenv("CMPD_CONFIG", "/named/by/environment.yaml", 1);
    cr_assert_str_eq(config_place("given.yaml"), "given.yaml");
    cr_assert_str_eq(config_place(NULL), "/named/by/environment.yaml");
}

Test(config_place, an_empty_variable_names_nothing)
{
    const char *nowhere;

    setenv("CMPD_CONFIG", "", 1);
    nowhere = config_place(NULL);
    unsetenv("CMPD_CONFIG");
    cr_assert_eq(nowhere, config_place(NULL));
    if (access("/etc/cmpd/cmpd.yaml", F_OK) != 0 && access("/etc", X_OK) == 0)
        cr_assert_null(nowhere);
    else
        cr_assert_str_eq(nowhere, "/etc/cmpd/cmpd.yaml");
}
