/* The page that says which address a browser or curl came from: a request in, a response out. */
#ifndef NATVIEW_PAGE_H
#define NATVIEW_PAGE_H

#include "glassnet/addr.h"
#include "glassnet/proto/http.h"

#define PAGE_MAX 8192 /* octets of a response with its head */

struct page {
	unsigned status;
	const char *form; /* what was sent: "text", "html", "json" */
	size_t len;
	char bytes[PAGE_MAX];
};

/* h is what http_parse() made of p. peer is who asks, as its connection has it: no header is believed. */
void page_answer(struct page *out, const struct http *h, const uint8_t *p, const struct endpoint *peer);

/* The answer to what is no request. */
void page_refuse(struct page *out, unsigned status);

#endif
