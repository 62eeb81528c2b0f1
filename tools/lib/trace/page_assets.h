/* The files of tools/lib/trace/page, built into the library. */
#ifndef GLASSNET_TRACE_PAGE_ASSETS_H
#define GLASSNET_TRACE_PAGE_ASSETS_H

extern const char page_css[], page_css_end[];       /* style.css */
extern const char page_script[], page_script_end[]; /* the scripts, one after the other */
extern const char page_body[], page_body_end[];     /* body.html */

/* The files of tools/lib/trace/book. */
extern const char book_css[], book_css_end[], book_script[], book_script_end[], book_body[], book_body_end[];

#endif
