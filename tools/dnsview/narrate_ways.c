/* The story where the way is not the ordinary one: the last resorts, and minimised names. */
#include "narrative.h"

static struct trace *tr(const struct lookup *l)
{
	return l->tell->trace;
}

/* --- step 3: when nobody is left ---------------------------------------------------------------- */

void tell_parents_glue(struct lookup *l, const struct frame *f, unsigned n)
{
	char zone[DNAME_TEXT];
	ev_decision(tr(l), "parents-glue", "RFC 2181 5.4.1",
	    "The addresses that %s gives its own name servers are of no use. Its parent gave %u other%s, which led "
	    "here: "
	    "try %s.",
	    zone_text(zone, &f->slist.zone), n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

void tell_renewed(struct lookup *l, const struct frame *f)
{
	char zone[DNAME_TEXT];
	ev_decision(tr(l), "delegation-renewed", "RFC 1034 5.3.3 step 2",
	    "No server of %s that is remembered is of use. It may have moved since: the zone above is asked again.",
	    zone_text(zone, &f->slist.zone));
}

void tell_ask_resolvers(struct lookup *l, const struct frame *f)
{
	char zone[DNAME_TEXT];
	ev_decision(tr(l), "resolvers-asked", "RFC 1912 2.8",
	    "No server of %s speaks with authority. For want of a better one, a resolver among them is asked to "
	    "recurse "
	    "(RD).",
	    zone_text(zone, &f->slist.zone));
}

void tell_plain_case(struct lookup *l, const struct frame *f)
{
	char name[DNAME_TEXT];
	ev_decision(tr(l), "plain-case", "draft-vixie-dnsext-dns0x20",
	    "Perhaps it is the letters in random case that they do not understand: %s is asked for once more as it "
	    "is "
	    "written, and over TCP, where nobody can answer blindly.",
	    dname_text(name, &f->qname));
}

/* --- name minimisation ------------------------------------------------------------------------- */

/* What a server is not told. */
void tell_minimised(struct lookup *l, const struct frame *f)
{
	char q[QUESTION_TEXT], host[HOST_TEXT], all[QUESTION_TEXT];
	if (!l->r->config.minimise)
		return;
	host_text(host, &f->slist.ns[f->slist.address[f->at].ns].name);
	question_text(q, &f->qname, f->qtype);
	if (dname_equal(&f->qname, &f->sname))
		ev_decision(tr(l), "qname-whole", "RFC 9156 2", "%s learns the whole question: %s.", host, q);
	else
		ev_decision(tr(l), "qname-minimised", "RFC 9156 2",
		    "%s is asked for no more than %s, and does not learn that it is about %s.", host, q,
		    question_text(all, &f->sname, f->stype));
	teach(l->tell, LESSON_MINIMISE);
}

void tell_childs_word(struct lookup *l, const struct frame *f)
{
	char name[DNAME_TEXT];
	if (!trace_on(tr(l)))
		return;
	dname_text(name, &f->sname);
	ev_decision(tr(l), "ds-from-child", "RFC 4035 3.1.4.1",
	    "This server speaks for %s itself, but whether there is a DS record for it is the zone above's to say. "
	    "That one is "
	    "looked for first.",
	    name);
}

void tell_no_cut(struct lookup *l, const struct frame *f)
{
	char name[DNAME_TEXT], zone[DNAME_TEXT];
	ev_decision(tr(l), "no-cut", "RFC 9156 2",
	    "%s is there and no zone of its own: the same servers, those of %s, are asked for more of the name.",
	    dname_text(name, &f->qname), zone_text(zone, &f->slist.zone));
}

void tell_minimise_relaxed(struct lookup *l, const struct frame *f, const struct analysis *a)
{
	char name[DNAME_TEXT], all[DNAME_TEXT];
	ev_decision(tr(l), "qname-relaxed", "RFC 9156 3",
	    "The shortened question (%s) got: %s. Some servers say so of names that have others below them, so the "
	    "whole "
	    "name, %s, is asked for.",
	    dname_text(name, &f->qname), response_name(a->kind), dname_text(all, &f->sname));
}
