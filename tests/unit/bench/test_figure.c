/* figure.c: numbers have thousands separators, and times the unit that suits them. */
#include <criterion/criterion.h>
#include <limits.h>

#include "bench/figure.h"

Test(figure, thousands_are_separated)
{
    static const struct {
        long long value;
        const char *text;
    } cases[] = {{0, "0"},
                 {7, "7"},
                 {999, "999"},
                 {1000, "1,000"},
                 {12345, "12,345"},
                 {123456, "123,456"},
                 {1234567, "1,234,567"},
                 {-999, "-999"},
                 {-1000, "-1,000"},
                 {-123456, "-123,456"},
                 {LLONG_MAX, "9,223,372,036,854,775,807"},
                 {LLONG_MIN, "-9,223,372,036,854,775,808"}};
    char out[FIGURE_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_str_eq(figure_count(out, cases[i].value), cases[i].text);
}

Test(figure, a_rate_has_four_digits_or_is_whole)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},          {0.001, "0.001"},   {12.5, "12.5"},  {123.456, "123.5"},
                 {999.94, "999.9"}, {999.96, "1000"},   {1000, "1,000"}, {2344.5, "2,345"},
                 {1234.4, "1,234"}, {1e7, "10,000,000"}};
    char out[FIGURE_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_str_eq(figure_rate(out, cases[i].value), cases[i].text);
}

Test(figure, a_latency_reads_as_people_say_it)
{
    static const struct {
        double us;
        const char *text;
    } cases[] = {{0, "0 µs"},      {850, "850 µs"},      {999, "999 µs"},    {999.7, "1 ms"},
                 {1000, "1 ms"},   {1234, "1.23 ms"},    {2e5, "200 ms"},    {999499, "999 ms"},
                 {999600, "1 s"},  {1e6, "1 s"},         {1.25e6, "1.25 s"}, {999.4e6, "999 s"},
                 {1e9, "1,000 s"}, {86400e6, "86,400 s"}};
    char out[FIGURE_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_str_eq(figure_latency(out, cases[i].us), cases[i].text);
}
