/* Embeds the files of the page. The assembler finds them by the compiler's include path; rooms.cmake names
 * them as what this file depends on. */
#include "bench/page.h"

#define EMBED(name, path)                                                                                    \
    __asm__(".pushsection .rodata\n"                                                                         \
            ".globl " #name "\n"                                                                             \
            ".hidden " #name "\n"                                                                            \
            ".type " #name ", %object\n" #name ":\n"                                                         \
            ".incbin \"" path "\"\n"                                                                         \
            ".byte 0\n"                                                                                      \
            ".size " #name ", . - " #name "\n"                                                               \
            ".popsection\n")

EMBED(page_style, "bench/page.css");
EMBED(page_script, "bench/page.js");
EMBED(page_uplot_style, "bench/uplot/uPlot.min.css");
EMBED(page_uplot, "bench/uplot/uPlot.iife.min.js");
