/* What pages of HTML are put together from. */
#ifndef GLASSNET_TRACE_PAGE_HTML_H
#define GLASSNET_TRACE_PAGE_HTML_H

#include <stdio.h>

/* Text within an element or an attribute; what is no text for the eye stands escaped. */
void page_put_html(FILE *out, const char *s);

/* A file that is built in, as it is. */
void page_put_file(FILE *out, const char *begin, const char *end);

/* Its hash, as a Content-Security-Policy names it. Returns out. */
#define PAGE_HASH_TEXT (7 + 4 * ((32 + 2) / 3) + 1)
const char *page_hash(char out[static PAGE_HASH_TEXT], const char *begin, const char *end);

#endif
