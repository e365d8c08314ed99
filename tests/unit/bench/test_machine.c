/* machine.c: what /proc/cpuinfo tells, in the forms that it has. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/machine.h"

static struct machine read_text(const char *text)
{
    FILE *file = fmemopen((char *)text, strlen(text), "r");
    struct machine machine;

    machine_read(&machine, file);
    fclose(file);
    return machine;
}

#define THREAD                                                                                               \
    "processor\t: 0\nmodel\t\t: 1\nmodel name\t: Some CPU <2>: fast\nsiblings\t: 4\ncpu cores\t: 2\n\n"

/* Two packages of two cores with two threads each. */
Test(machine, threads_share_cores)
{
    struct machine machine = read_text(THREAD THREAD THREAD THREAD THREAD THREAD THREAD THREAD);

    cr_assert_str_eq(machine.model, "Some CPU <2>: fast");
    cr_assert_eq(machine.threads, 8);
    cr_assert_eq(machine.cores, 4);
}

Test(machine, a_thread_is_a_core_where_nothing_says_otherwise)
{
    struct machine machine = read_text("processor\t: 0\nBogoMIPS\t: 50.00\n\nprocessor\t: 1\n");

    cr_assert_str_eq(machine.model, "");
    cr_assert_eq(machine.threads, 2);
    cr_assert_eq(machine.cores, 2);
    machine = read_text("processor : 0\nsiblings : 1\ncpu cores : 0\n");
    cr_assert_eq(machine.cores, 1);
}

Test(machine, a_long_name_is_cut)
{
    char text[1000] = "model name : ";
    struct machine machine;

    memset(text + strlen(text), 'x', 900);
    machine = read_text(text);
    cr_assert_eq(strlen(machine.model), MACHINE_MODEL_MAX - 1);
}

Test(machine, of_nothing_nothing_is_known)
{
    struct machine machine;

    machine_read(&machine, NULL);
    cr_assert_eq(machine.threads + machine.cores, 0);
    cr_assert_str_eq(machine.model, "");
}
