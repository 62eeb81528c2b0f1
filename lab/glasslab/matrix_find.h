/* Which packet shows it: a search through all that passed in a cell, and the drawing of what belongs to it. */
#ifndef GLASSLAB_MATRIX_FIND_H
#define GLASSLAB_MATRIX_FIND_H

#include "demo.h"

struct packet_find {
	uint16_t port;                                 /* TCP or UDP: packets from or to it are drawn */
	bool (*is)(void *ctx, const struct packet *p); /* is it this one? NULL: all are */
	void *ctx;                                     /* for is(); borrowed */
	const char *to;                                /* only packets to that host; NULL: to anybody */
	/* found */
	size_t drawn, n;
	uint64_t first, last; /* numbers of the packets that are it; 0: none was */
};

/* Draws the packets of that port under the title, and fills what was found. */
void packet_find(struct demo *d, const char *title, struct packet_find *f);

#endif
