/* man_page.h: pages for man(1), in the macros of man(7), from tables that also make the help and the checks.
 */
#ifndef CMPD_BASE_MAN_PAGE_H
#define CMPD_BASE_MAN_PAGE_H

#include <stdio.h>

/* man_page_begin writes the title of page |name| of |section| (a digit) of |version|, and what it is: one
 * line. */
void man_page_begin(FILE *out, const char *name, int section, const char *version, const char *says);

/* man_page_heading begins a section, man_page_part a part of one. */
void man_page_heading(FILE *out, const char *text);
void man_page_part(FILE *out, const char *text);

/* man_page_text writes |text| as it is: no letter of it is a macro. A blank line begins a paragraph. */
void man_page_text(FILE *out, const char *text);

/* man_page_break has what follows begin a line in the same paragraph. */
void man_page_break(FILE *out);

/* man_page_code writes |text| line by line, not filled, in a fixed font. */
void man_page_code(FILE *out, const char *text);

/* man_page_item writes |name| in bold, |argument| (or NULL) in italics behind it, and below them |text|. */
void man_page_item(FILE *out, const char *name, const char *argument, const char *text);

#endif
