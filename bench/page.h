/* page.h: what the page of a report is made with, embedded into the program as text that ends with a zero.
 * None of it holds "</script", "</style" or "<!--". */
#ifndef CMPD_BENCH_PAGE_H
#define CMPD_BENCH_PAGE_H

extern const char page_style[];       /* page.css */
extern const char page_script[];      /* page.js */
extern const char page_uplot_style[]; /* uplot/uPlot.min.css */
extern const char page_uplot[];       /* uplot/uPlot.iife.min.js */

#endif
