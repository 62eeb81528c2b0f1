/* Rule 12. Query name minimisation (RFC 9156): each server is asked for one label more than what is known to exist, not
 * for the whole name. The root then learns the top-level domain, and nobody learns more than it must to refer us
 * on. Where a server does not bear it, the whole name is asked for: the relaxed way (RFC 9156 3). */
#include "lookup.h"
#include "narrative.h"

#define MINIMISE_COUNT   10 /* RFC 9156 2.3: MAX_MINIMISE_COUNT */
#define MINIMISE_ONE_LAB 4  /* … MINIMISE_ONE_LAB: so often one label at a time */

static void ask_for_all(struct frame *f)
{
	f->qname = f->sname;
	f->qtype = f->stype;
}

static struct dname with_labels(const struct dname *name, unsigned n)
{
	struct dname d = *name;
	while (dname_labels(&d) > n)
		d = dname_parent(&d);
	return d;
}

/* Shows some labels more than known has. */
static void show_more(struct frame *f, unsigned known)
{
	unsigned all = dname_labels(&f->sname), left = all - known, step = 1;
	if (f->minimised >= MINIMISE_ONE_LAB && f->minimised < MINIMISE_COUNT)
		step = left / (MINIMISE_COUNT - f->minimised);
	if (step == 0)
		step = 1;
	if (f->full || f->minimised >= MINIMISE_COUNT || known + step >= all) {
		ask_for_all(f);
		return;
	}
	f->qname = with_labels(&f->sname, known + step);
	f->qtype = LDNS_RR_TYPE_A; /* RFC 9156 2.1: the type that servers handle best */
	f->minimised++;
}

void minimise_begin(struct lookup *l, struct frame *f)
{
	if (l->r->config.minimise || f->stepwise)
		show_more(f, dname_labels(&f->slist.zone));
	else
		ask_for_all(f);
}

bool minimise_next(struct lookup *l, struct frame *f, const struct analysis *a)
{
	if (dname_equal(&f->qname, &f->sname))
		return false;
	switch (a->kind) {
	case RESPONSE_REFERRAL:
	case RESPONSE_TRUNCATED:
	case RESPONSE_NO_EDNS:
	case RESPONSE_HEARSAY:
		return false;
	case RESPONSE_ANSWER:
	case RESPONSE_NODATA:
		tell_no_cut(l, f);
		show_more(f, dname_labels(&f->qname));
		break;
	case RESPONSE_ALIAS:
	case RESPONSE_NXDOMAIN:
	case RESPONSE_LAME:
	case RESPONSE_FAILED:
		tell_minimise_relaxed(l, f, a);
		f->full = true;
		ask_for_all(f);
		break;
	}
	return true;
}
