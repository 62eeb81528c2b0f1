/* Looking for one packet among all that passed. */
#include "matrix_find.h"

#include <string.h>

static bool look(void *ctx, const struct journey *j, const struct capture *c)
{
	struct packet_find *f = ctx;
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX];

	if (j->n == 0)
		return false;
	const struct packet *p = &j->at[0].packet;
	if (p->payload_len == 0 || (p->src.port != f->port && p->dst.port != f->port))
		return false;
	f->drawn++;
	journey_ends(j, c, from, to);
	if ((f->to && strcmp(f->to, to) != 0) || (f->is && !f->is(f->ctx, p)))
		return true;
	f->n++;
	f->last = j->at[0].number;
	f->first = f->first ? f->first : f->last;
	return true;
}

void packet_find(struct demo *d, const char *title, struct packet_find *f)
{
	f->drawn = f->n = 0;
	f->first = f->last = 0;
	(void)demo_packets(d, title, look, f);
}
