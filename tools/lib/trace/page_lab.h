/* The lab for the map of a trace page: hosts, networks, and the links between them. */
#ifndef GLASSNET_TRACE_PAGE_LAB_H
#define GLASSNET_TRACE_PAGE_LAB_H

#include <jansson.h>

#include "page_data.h"

/* The facts of a lab (what `glasslab facts` prints) as the page wants them:
 *
 *     {"hosts":[["laptop","Alice's laptop",0,[["home",1],…],["192.168.1.124",…]],…],"lans":[["home","Alice's home"],…]}
 *
 * A host's links: to a network (1) or to another host (0). Nothing is written where facts is no such object. */
void page_lab_put(const json_t *facts, struct page_text *out);

#endif
