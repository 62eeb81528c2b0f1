#include "narrative.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/proto/dns.h"

/* --- words ------------------------------------------------------------------------------------- */

char *host_text(char out[static HOST_TEXT], const struct dname *n)
{
	dname_text(out, n);
	size_t len = strlen(out);
	if (len > 1)
		out[len - 1] = '\0';
	return out;
}

char *server_text(char out[static SERVER_TEXT], const struct frame *f, unsigned address)
{
	char host[HOST_TEXT], ip[IP_TEXT];
	const struct slist_address *a = &f->slist.address[address];
	snprintf(out, SERVER_TEXT, "%s (%s)", host_text(host, &f->slist.ns[a->ns].name), ip_text(ip, &a->ip));
	return out;
}

char *zone_text(char out[static DNAME_TEXT], const struct dname *n)
{
	if (dname_is_root(n))
		strcpy(out, "the root zone");
	else
		dname_text(out, n);
	return out;
}

/* … and at the end of one, where "edu." brings its own dot. */
static char *zone_sentence(char out[static DNAME_TEXT], const struct dname *n)
{
	if (dname_is_root(n))
		strcpy(out, "the root zone.");
	else
		dname_text(out, n);
	return out;
}

char *question_text(char out[static QUESTION_TEXT], const struct dname *n, uint16_t type)
{
	char name[DNAME_TEXT], t[TYPE_TEXT];
	snprintf(out, QUESTION_TEXT, "%s %s", dname_text(name, n), type_text(t, type));
	return out;
}

static struct trace *tr(const struct lookup *l)
{
	return l->tell->trace;
}

/* Every part of a message, by the library's decoder; it stops where a message is malformed. */
void tell_fields(const struct narrator *n, const uint8_t *bytes, size_t len)
{
	struct dns m;
	size_t at;
	if (trace_on(n->trace) && (dns_parse(&m, bytes, len, &at) == ERR_OK || len >= 12))
		dns_describe(&m, bytes, len, 0, n->trace);
}

/* --- the question ------------------------------------------------------------------------------ */

void tell_begin(struct lookup *l)
{
	if (!trace_on(tr(l)))
		return;
	char q[QUESTION_TEXT];
	ev_heading(tr(l), "%s", question_text(q, &l->top->sname, l->top->stype));
}

void tell_give_up(struct lookup *l, const struct frame *f, const char *why)
{
	if (!trace_on(tr(l)))
		return;
	char q[QUESTION_TEXT];
	ev_decision(tr(l), "gave-up", NULL, "Given up on %s: %s.", question_text(q, &f->sname, f->stype), why);
}

/* --- step 1 ------------------------------------------------------------------------------------ */

/* Tells when something was known, but is too old: where a cache hit was to be expected. */
static void tell_expired(struct lookup *l, enum cache_kind kind, const struct dname *name, uint16_t type)
{
	const struct cache_entry *e;
	char q[QUESTION_TEXT];
	int64_t now = clock_now(l->r->clock);
	if (cache_find(l->r->cache, kind, name, type, now, &e) != CACHE_EXPIRED || e->lookup == l->number)
		return;
	ev_state(tr(l), "cache", question_text(q, name, type), "out of date", NULL, "its TTL ran out %lld s ago",
	    (long long)((now - e->expires) / NS_PER_S));
}

void tell_cache_hit(struct lookup *l, const struct frame *f, const struct cache_entry *e)
{
	if (!trace_on(tr(l)))
		return;
	char q[QUESTION_TEXT], name[DNAME_TEXT], type[TYPE_TEXT];
	unsigned left = cache_left(e, clock_now(l->r->clock));
	static const char ref[] = "RFC 1034 5.3.3 step 1";
	struct dname owner = cache_name(e);
	question_text(q, &f->sname, f->stype);
	dname_text(name, &owner);
	switch ((enum cache_kind)e->kind) {
	case CACHE_ANSWER:
		if (e->type == f->stype)
			ev_decision(tr(l), "cache-hit", ref, "%s is in the cache, for another %u s.", q, left);
		else
			ev_decision(tr(l), "cache-hit", ref, "The cache knows %s as an alias (%s), for another %u s.",
			    name, type_text(type, e->type), left);
		break;
	case CACHE_NXDOMAIN:
		ev_decision(tr(l), "cache-hit", "RFC 8020 2",
		    "The cache knows that %s does not exist%s, for another %u s.", name,
		    dname_equal(&owner, &f->sname) ? "" : ", nor anything below it", left);
		break;
	case CACHE_NODATA:
		ev_decision(tr(l), "cache-hit", "RFC 2308 5",
		    "The cache knows that there is no %s, for another %u s.", q, left);
		break;
	case CACHE_FAILURE:
		ev_decision(tr(l), "cache-hit", "RFC 9520 3.2",
		    "%s failed a moment ago (%s): it is not tried again for %u s, to spare broken servers.", q,
		    err_text((enum err)e->err), left);
		break;
	case CACHE_DELEGATION:
	case CACHE_GLUE:
		break;
	}
	if (l->res->queries == 0)
		teach(l->tell, LESSON_CACHE);
}

void tell_cache_miss(struct lookup *l, const struct frame *f)
{
	if (!trace_on(tr(l)))
		return;
	char q[QUESTION_TEXT];
	tell_expired(l, CACHE_ANSWER, &f->sname, f->stype);
	ev_decision(tr(l), "cache-miss", "RFC 1034 5.3.3 step 1", "%s is not in the cache.",
	    question_text(q, &f->sname, f->stype));
}

/* --- step 2 ------------------------------------------------------------------------------------ */

void tell_best_servers(struct lookup *l, const struct frame *f)
{
	if (!trace_on(tr(l)))
		return;
	char zone[DNAME_TEXT], first[HOST_TEXT], known[40];
	const struct slist *s = &f->slist;
	for (struct dname n = f->sname; dname_below(&n, &s->zone); n = dname_parent(&n))
		tell_expired(l, CACHE_DELEGATION, &n, LDNS_RR_TYPE_NS);
	if (s->from_hints) {
		ev_decision(tr(l), "best-servers", "RFC 1034 5.3.3 step 2",
		    "No zone on the way to it is known, so the search starts at the root: %u server%s, from "
		    "the root hints.",
		    s->n_ns, s->n_ns == 1 ? "" : "s");
		teach(l->tell, LESSON_ROOT);
		return;
	}
	snprintf(known, sizeof(known), "with %u address%s to ask", s->n_addresses, s->n_addresses == 1 ? "" : "es");
	ev_decision(tr(l), "best-servers", "RFC 1034 5.3.3 step 2",
	    "The closest zone known now is %s It is served by %s%s, %s.", zone_sentence(zone, &s->zone),
	    s->n_ns ? host_text(first, &s->ns[0].name) : "nobody", s->n_ns > 1 ? " and others" : "",
	    s->n_addresses ? known : "but no address is known");
	if (l->res->queries == 0)
		teach(l->tell, LESSON_CACHE_PARTLY);
}

void tell_address_refused(struct lookup *l, const struct frame *f, unsigned ns, const struct ip *ip, const char *what)
{
	if (!trace_on(tr(l)))
		return;
	char host[HOST_TEXT], text[IP_TEXT];
	ev_decision(tr(l), "address-refused", "RFC 6890",
	    "%s is said to be at %s, %s: nothing is sent there. Otherwise whoever owns a zone could aim this "
	    "resolver at "
	    "the machine that it runs on, or at the network behind it.",
	    host_text(host, &f->slist.ns[ns].name), ip_text(text, ip), what);
}

void tell_known_lame(struct lookup *l, const struct frame *f, unsigned ns, const struct ip *ip)
{
	if (!trace_on(tr(l)))
		return;
	char host[HOST_TEXT], zone[DNAME_TEXT], text[IP_TEXT];
	ev_decision(tr(l), "server-remembered-lame", "RFC 1912 2.8",
	    "%s (%s) was of no use for %s a short while ago: left out.", host_text(host, &f->slist.ns[ns].name),
	    ip_text(text, ip), zone_text(zone, &f->slist.zone));
}

/* --- step 3 ------------------------------------------------------------------------------------ */

static bool some_failed(const struct slist *s)
{
	for (unsigned i = 0; i < s->n_ns; i++)
		if (s->ns[i].failed)
			return true;
	return false;
}

static const char *choice_text(struct lookup *l, const struct frame *f, char out[static 160])
{
	const struct server *sv = servers_find(l->r->servers, &f->slist.address[f->at].ip);
	const char *kind = f->slist.from_hints ? "root server" : "name server";
	switch (f->choice) {
	case CHOICE_ONLY:
		snprintf(out, 160, "it is the only address to choose from");
		break;
	case CHOICE_FASTEST:
		snprintf(out, 160, "it answered before, in %.1f ms on average%s",
		    sv ? (double)sv->srtt_ns / (double)NS_PER_MS : 0.0, f->chosen_of > 1 ? ", the fastest" : "");
		break;
	case CHOICE_RANDOM:
		if (f->slist.n_ns == 1)
			snprintf(
			    out, 160, "drawn from its %u addresses, of which none was tried before", f->chosen_of);
		else if (some_failed(&f->slist))
			snprintf(out, 160, "drawn from the %u addresses of %ss that were not tried yet", f->chosen_of,
			    kind);
		else
			snprintf(out, 160,
			    "drawn from %u addresses of %u %ss; nothing is known of them yet, and chance "
			    "shares the load",
			    f->chosen_of, f->slist.n_ns, kind);
		break;
	case CHOICE_LAST:
		snprintf(out, 160, "it is the last one left");
		break;
	case CHOICE_AGAIN:
		snprintf(out, 160, "none has answered yet, so it is asked once more, with more patience");
		break;
	case CHOICE_DOUBTFUL:
		snprintf(out, 160, "it gave no answer a short while ago, but there is none better left");
		break;
	case CHOICE_NONE:
		out[0] = '\0';
		break;
	}
	return out;
}

/* Where nothing can be sent, it was told already: choosing among the unreachable makes no noise. */
void tell_chosen(struct lookup *l, const struct frame *f)
{
	if (!trace_on(tr(l)))
		return;
	char server[SERVER_TEXT], reason[160];
	uint8_t family = f->query.to.ip.family;
	if (f->choice == CHOICE_NONE || servers_family_down(l->r->servers, family, clock_now(l->r->clock)))
		return;
	ev_decision(tr(l), "server-chosen", "RFC 1034 5.3.3 step 3", "Ask %s: %s.", server_text(server, f, f->at),
	    choice_text(l, f, reason));
}

void tell_sent(struct lookup *l, const struct frame *f)
{
	char q[QUESTION_TEXT], host[HOST_TEXT], from[ENDPOINT_TEXT], to[ENDPOINT_TEXT], label[QUESTION_TEXT + 32];
	const struct slist_address *a = &f->slist.address[f->at];
	if (!trace_on(tr(l)))
		return;
	snprintf(label, sizeof(label), "%s?%s%s", question_text(q, &f->qname, f->qtype), f->tcp ? " over TCP" : "",
	    f->edns ? "" : " without EDNS");
	host_text(host, &f->slist.ns[a->ns].name);
	tell_minimised(l, f);
	emit(tr(l), (struct event){.kind = EV_SEND,
	                .u.msg = {.from = l->tell->me,
	                    .to = host,
	                    .proto = "DNS",
	                    .label = label,
	                    .bytes = f->query.bytes,
	                    .len = f->query.len,
	                    .secrecy = SECRECY_CLEAR,
	                    .from_addr = f->local.ip.family ? endpoint_text(from, &f->local) : NULL,
	                    .to_addr = endpoint_text(to, &f->query.to)}});
	tell_fields(l->tell, f->query.bytes, f->query.len);
	teach(l->tell, LESSON_RD);
	teach(l->tell, LESSON_GUESS);
}

static void tell_unsent(struct lookup *l, const struct frame *f)
{
	const struct slist_address *a = &f->slist.address[f->at];
	char ip[IP_TEXT];
	if (servers_family_down(l->r->servers, a->ip.family, clock_now(l->r->clock)))
		return; /* told already; nothing was sent */
	ev_decision(tr(l), "no-route", "RFC 6724 2",
	    "This machine has no route to %s, so nothing was sent. IPv%u addresses are tried last from now "
	    "on.",
	    ip_text(ip, &a->ip), a->ip.family);
}

void tell_no_response(struct lookup *l, const struct frame *f, const struct dns_reply *reply)
{
	if (!trace_on(tr(l)))
		return;
	char server[SERVER_TEXT], by[IP_TEXT + 16] = "", ip[IP_TEXT];
	if (reply->unsent) {
		tell_unsent(l, f);
		return;
	}
	server_text(server, f, f->at);
	if (reply->reporter.family && !ip_equal(&reply->reporter, &f->query.to.ip))
		snprintf(by, sizeof(by), " (says the router %s)", ip_text(ip, &reply->reporter));
	if (reply->err == ERR_TIMEOUT) {
		ev_timer(tr(l), "response", reply->rtt_ns,
		    "%s said nothing for %.1f s. It is asked last for a while.", server,
		    (double)reply->rtt_ns / (double)NS_PER_S);
		teach(l->tell, LESSON_SILENT);
	} else if (reply->err == ERR_UNREACHABLE) {
		ev_decision(tr(l), "server-unreachable", "RFC 792",
		    "%s cannot be reached%s. It is asked last for a while.", server, by);
		teach(l->tell, LESSON_UNREACHABLE);
	} else if (reply->err == ERR_REFUSED) {
		ev_decision(tr(l), "server-unreachable", "RFC 792",
		    "%s is there, but no name server listens%s. It is asked last for a while.", server, by);
	} else if (reply->err == ERR_CLOSED) {
		ev_decision(tr(l), "connection-closed", "RFC 7766 6.2",
		    "%s closed the connection before its answer was whole. It is asked last for a while.", server);
	} else {
		ev_decision(
		    tr(l), "server-unreachable", NULL, "%s gave no answer: %s.", server, err_text(reply->err));
	}
}

const char *tell_why_no_server(const struct lookup *l, const struct frame *f)
{
	if (f->slist.n_addresses == 0)
		return "no address is known for any name server of its zone";
	switch (f->last_err) {
	case ERR_TIMEOUT:
		return "no name server of its zone answered in time";
	case ERR_UNREACHABLE:
		return l->res->queries ? "no name server of its zone can be reached"
		                       : "this machine has no route to any name server (is the network up?)";
	case ERR_REFUSED:
	case ERR_CLOSED:
		return "the machines that should serve its zone do not";
	default:
		return "no name server of its zone gives a usable answer";
	}
}

void tell_ns_lookup(struct lookup *l, const struct frame *child)
{
	if (!trace_on(tr(l)))
		return;
	char q[QUESTION_TEXT], zone[DNAME_TEXT];
	zone_text(zone, &child->below->slist.zone);
	ev_decision(tr(l), "glueless", "RFC 1034 5.3.3 step 3",
	    "%s is needed first: it serves %s, and its address did not come along.",
	    question_text(q, &child->sname, child->stype), zone);
	teach(l->tell, LESSON_GLUELESS);
}

void tell_ns_lookup_done(struct lookup *l, const struct frame *f, const struct frame *child, unsigned added)
{
	if (!trace_on(tr(l)))
		return;
	char host[HOST_TEXT], zone[DNAME_TEXT], q[QUESTION_TEXT];
	host_text(host, &f->slist.ns[child->for_ns].name);
	question_text(q, &f->sname, f->stype);
	zone_text(zone, &f->slist.zone);
	if (added)
		ev_decision(tr(l), "glueless-done", "RFC 1034 5.3.3 step 3",
		    "Back to %s: %s, which serves %s, has %u address%s now.", q, host, zone, added,
		    added == 1 ? "" : "es");
	else
		ev_decision(tr(l), "glueless-done", "RFC 1034 5.3.3 step 3",
		    "Back to %s: no address of %s was found.", q, host);
}

void tell_needs_glue(struct lookup *l, const struct frame *f, unsigned ns)
{
	if (!trace_on(tr(l)))
		return;
	char host[HOST_TEXT], zone[DNAME_TEXT];
	ev_decision(tr(l), "glue-missing", "RFC 9471 3",
	    "%s lies in %s itself and came without an address: to find it one would have to ask it. Left "
	    "out.",
	    host_text(host, &f->slist.ns[ns].name), zone_text(zone, &f->slist.zone));
}

void tell_ns_cycle(struct lookup *l, const struct frame *f, unsigned ns)
{
	if (!trace_on(tr(l)))
		return;
	char host[HOST_TEXT], zone[DNAME_TEXT];
	ev_decision(tr(l), "ns-cycle", "RFC 9520 2.3",
	    "The address of %s (for %s) is what is being looked for already: these zones depend on each "
	    "other in a circle. "
	    "Left out, or the search would never end (the TsuNAME attack).",
	    host_text(host, &f->slist.ns[ns].name), zone_text(zone, &f->slist.zone));
}

void tell_ns_bound(struct lookup *l, const struct frame *f, unsigned ns)
{
	if (!trace_on(tr(l)))
		return;
	char host[HOST_TEXT], zone[DNAME_TEXT];
	ev_decision(tr(l), "ns-bound", "RFC 1034 5.3.3 step 3",
	    "%s (for %s) is not looked up any more: a zone may cost %u such look-ups, %u deep. Without a "
	    "bound one small "
	    "referral could set off hundreds of queries (the NXNSAttack).",
	    host_text(host, &f->slist.ns[ns].name), zone_text(zone, &f->slist.zone), NS_LOOKUPS_DELEGATION_MAX,
	    DEPTH_MAX);
}
