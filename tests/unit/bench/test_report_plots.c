/* report_plots.c: each piece of time has its row, and each kind of request its curve. */
#include "tests/unit/bench/report.h"

TestSuite(report_plots, .init = set_up, .fini = tear_down);

static void tell_plots(FILE *out, const struct report *which)
{
    report_plots(out, which->result);
}

/* A row stands in the middle of its time; it is a second's, whatever the piece is. */
Test(report_plots, rows_are_pieces_of_time)
{
    result.slots[1] = (struct slot){1250, 5, 100000, 400000, 1000500};
    result.slots[2] = (struct slot){0, 3, 0, 0, 0};
    told(tell_plots);
    shows("{\"slots\":[[0.5,2500,0,100,200,300],\n[1.5,1250,5,100,400,1000.5],\n[2.5,0,3,null,null,null],\n"
          "[3.5,2500,0,100,200,300]],\n\"nines\":[0,");
    result.slot_seconds = 2;
    told(tell_plots);
    shows("[[1,1250,0,100,200,300],\n[3,625,2.5,100,400,1000.5]");
}

/* From the least to the longest; of 10000 there are four nines. */
Test(report_plots, a_curve_for_each_kind)
{
    told(tell_plots);
    shows(",4],\n\"curves\":[{\"name\":\"ir\",\"us\":[1,");
    shows(",10000]}]}\n");
    hides("whole");
    result.steps[STEP_CERT_CONF] = (struct step_latencies){3, latencies};
    told(tell_plots);
    shows(",10000]},\n{\"name\":\"certConf\",\"us\":[1,");
    shows(",3]},\n{\"name\":\"whole\",\"us\":[1,");
    shows(",10000]}]}\n");
}

Test(report_plots, of_nothing_there_is_no_curve)
{
    result.completed = 0;
    result.steps[STEP_IR].count = 0;
    told(tell_plots);
    shows("\"curves\":[]}");
}

/* 90 % and 99 % lie at one and two nines: 1 / 4 and 2 / 4 of the width. */
Test(report_plots, each_nine_has_the_same_width)
{
    const char *at;
    double nines[300], us[300];

    told(tell_plots);
    at = strstr(text, "\"nines\":[") + strlen("\"nines\":[");
    for (int i = 0; i < 300; i++, at++)
        nines[i] = strtod(at, (char **)&at);
    at = strstr(text, "\"us\":[") + strlen("\"us\":[");
    for (int i = 0; i < 300; i++, at++)
        us[i] = strtod(at, (char **)&at);
    for (int i = 0; i < 299; i++) {
        cr_assert_float_eq(nines[i], 4.0 * i / 299, 1e-8);
        cr_assert_float_eq(us[i], fmax(1, ceil(10000 * (1 - pow(10, -4.0 * i / 299)) - 1e-6)), 0.5, "%d", i);
    }
}
