#include "bench/report.h"
int report_html(const char *path, const struct report *report)
{
    (void)path, (void)report;
    return 1;
}
