/* The page's sockets. */
#ifndef NATVIEW_WEB_H
#define NATVIEW_WEB_H

#include <uv.h>

#include "glassnet/addr.h"
#include "glassnet/trace.h"

#define WEB_PLACES 4 /* two addresses in each family */

struct visitor;

struct web {
	uv_loop_t *loop; /* borrowed, with t and me */
	struct trace *t;
	const char *me;
	size_t n;
	uv_tcp_t at[WEB_PLACES];
	unsigned visitors;
	struct visitor *first;
};

/* Serves the page there, too. 0 or an errno. */
int web_listen(struct web *w, const struct ip *ip, uint16_t port);

/* Closes everything; the loop has to run once more. */
void web_close(struct web *w);

#endif
