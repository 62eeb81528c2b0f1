/* One name of a batch and what came of it, as a line of JSON. */
#ifndef DNSVIEW_BATCH_LINE_H
#define DNSVIEW_BATCH_LINE_H

#include <stdio.h>

#include "batch_input.h"
#include "resolver.h"

/* {"line":1,"name":"www.example.","type":"A","rcode":"NOERROR","answer":[{"name":…,"ttl":…,"type":…,"data":…}],
 * "servers":4,"queries":4,"ms":2.345}, and "error" where it failed. A write error shows in ferror(). */
void batch_line_write(FILE *f, const struct batch_line *line, const struct lookup_result *res);

#endif
