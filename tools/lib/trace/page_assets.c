/* The assembler puts the files where they are; no generated source, no tool but the compiler. Paths are from
 * the top of the source, where make runs; the Makefile knows that this object depends on them. */
#include "page_assets.h"

#define BEGIN(name)        "\t.globl " #name "\n" #name ":\n"
#define FILE_OF_PAGE(file) "\t.incbin \"tools/lib/trace/page/" file "\"\n"
#define FILE_OF_BOOK(file) "\t.incbin \"tools/lib/trace/book/" file "\"\n"
#define END(name)          "\t.globl " #name "_end\n" #name "_end:\n\t.byte 0\n"

__asm__("\t.pushsection .rodata\n"                                                               /* */
    BEGIN(page_css) FILE_OF_PAGE("style.css") END(page_css)                                      /* */
    BEGIN(page_script) FILE_OF_PAGE("model.js") FILE_OF_PAGE("graph.js") FILE_OF_PAGE("map.js") FILE_OF_PAGE("ladder.js") /* */
    FILE_OF_PAGE("chart.js") FILE_OF_PAGE("detail.js") FILE_OF_PAGE("paper.js") FILE_OF_PAGE("page.js")
        END(page_script)                                      /* */
    BEGIN(page_body) FILE_OF_PAGE("body.html") END(page_body) /* */
    BEGIN(book_css) FILE_OF_BOOK("book.css") END(book_css)          /* */
    BEGIN(book_script) FILE_OF_BOOK("book.js") END(book_script)     /* */
    BEGIN(book_body) FILE_OF_BOOK("body.html") END(book_body)       /* */
    "\t.popsection\n");
