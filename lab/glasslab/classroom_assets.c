/* The classroom's files, built into the program. */
#include "classroom.h"

#define BEGIN(name)    "\t.globl " #name "\n" #name ":\n"
#define THE_FILE(file) "\t.incbin \"lab/glasslab/classroom/" file "\"\n"
#define END(name)      "\t.globl " #name "_end\n" #name "_end:\n\t.byte 0\n"

__asm__("\t.pushsection .rodata\n"                                                    /* */
    BEGIN(classroom_html) THE_FILE("classroom.html") END(classroom_html)              /* */
    BEGIN(classroom_css) THE_FILE("classroom.css") END(classroom_css)                 /* */
    BEGIN(classroom_js) THE_FILE("map.js") THE_FILE("classroom.js") END(classroom_js) /* */
    "\t.popsection\n");
