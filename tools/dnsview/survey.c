#include "survey.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "direct.h"
#include "narrative.h"

#define SERVERS_OF_ZONE 64
#define ASKED_MAX       400 /* servers in all */
#define SAYS_MAX        1200

struct seat {
	struct dname host;
	struct ip ip;
	bool answered;
	char says[SAYS_MAX]; /* in a form in which equal means the same */
};

struct zone_survey {
	struct dname zone, name; /* asked for name at the servers of zone */
	uint16_t type;
	unsigned n, answered;
	struct seat seat[SERVERS_OF_ZONE];
};

struct surveyor {
	struct resolver *r;
	struct exchange ex;
	const struct lookup_result *res;
	struct trace *t;
	unsigned asked, answered, zones;
	bool disagree, stopped;
	json_t *report;
};

/* --- whom to ask ------------------------------------------------------------------------------- */

static void add_seat(struct surveyor *s, struct zone_survey *z, const struct dname *host, const struct ip *ip)
{
	if (!(ip->family == 4 ? s->r->config.use_v4 : s->r->config.use_v6) || z->n == SERVERS_OF_ZONE ||
	    policy_refuses(&s->r->config.policy, ip))
		return;
	for (unsigned i = 0; i < z->n; i++)
		if (ip_equal(&z->seat[i].ip, ip))
			return;
	z->seat[z->n++] = (struct seat){.host = *host, .ip = *ip};
}

static unsigned seats_from_cache(struct surveyor *s, struct zone_survey *z, const struct dname *host, uint16_t type)
{
	static const enum cache_kind kinds[] = {CACHE_ANSWER, CACHE_GLUE};
	unsigned before = z->n;
	for (unsigned k = 0; k < 2; k++) {
		const struct cache_entry *e;
		if (cache_find(s->r->cache, kinds[k], host, type, clock_now(s->r->clock), &e) == CACHE_ABSENT)
			continue;
		for (struct cache_record rec = {0}; cache_record_next(e, &rec);) {
			if (rec.type != type || rec.len != (type == LDNS_RR_TYPE_A ? 4u : 16u))
				continue;
			struct ip ip = ip_from(type == LDNS_RR_TYPE_A ? 4 : 6, rec.rdata);
			add_seat(s, z, host, &ip);
		}
	}
	return z->n - before;
}

/* The addresses of one name server; what is not known yet is looked up. */
static void seats_of_host(struct surveyor *s, struct zone_survey *z, const struct dname *host)
{
	static const uint16_t types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA};
	unsigned found = 0;
	for (unsigned i = 0; i < 2; i++)
		found += seats_from_cache(s, z, host, types[i]);
	for (unsigned i = 0; i < 2 && !found && !s->stopped; i++) {
		struct lookup_result res;
		resolver_fetch(s->r, s->ex, host, types[i], &res);
		s->stopped = res.err == ERR_INTERNAL;
		lookup_result_release(&res);
		(void)seats_from_cache(s, z, host, types[i]);
	}
}

static void fill_seats(struct surveyor *s, struct zone_survey *z)
{
	if (dname_is_root(&z->zone)) {
		for (unsigned i = 0; i < s->r->hints->n; i++)
			for (unsigned k = 0; k < s->r->hints->server[i].n_ip; k++)
				add_seat(s, z, &s->r->hints->server[i].name, &s->r->hints->server[i].ip[k]);
		return;
	}
	for (size_t i = 0; i < s->res->n_hops; i++) {
		const struct hop *h = &s->res->hops[i];
		if (h->err || h->response != RESPONSE_REFERRAL || !dname_equal(&h->cut, &z->zone))
			continue;
		for (unsigned k = 0; k < h->n_ns && !s->stopped; k++)
			seats_of_host(s, z, &h->ns[k]);
		return;
	}
}

/* --- what they say ----------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The records of one RRset or one section, as sorted text without TTLs. */
static void add_records(char *out, size_t cap, const struct message *m, enum section section, uint16_t type)
{
	char *line[64], name[DNAME_TEXT], t[TYPE_TEXT], data[400];
	size_t n = 0, at = strlen(out);
	for (size_t i = 0; i < m->n_records && n < 64; i++) {
		const struct record *rec = &m->records[i];
		if (rec->section != section || !rec->rr || rec->type == LDNS_RR_TYPE_RRSIG ||
		    (type && rec->type != type))
			continue;
		struct dname low = dname_lower(&rec->owner);
		size_t size = DNAME_TEXT + TYPE_TEXT + sizeof(data) + 4;
		line[n] = malloc(size);
		if (line[n])
			snprintf(line[n++], size, "%s %s %s", dname_text(name, &low), type_text(t, rec->type),
			    rdata_text(data, sizeof(data), rec->rr));
	}
	qsort(line, n, sizeof(*line), by_text);
	for (size_t i = 0; i < n; i++) {
		if (at < cap)
			at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? "; " : "", line[i]);
		free(line[i]);
	}
}

/* A zone's serial number tells its versions apart (RFC 1034 4.3.5). */
static void add_serial(char *out, size_t cap, const struct record *soa)
{
	size_t at = strlen(out);
	if (soa && soa->rr && ldns_rr_rd_count(soa->rr) == 7)
		snprintf(out + at, cap - at, ", serial %u", ldns_rdf2native_int32(ldns_rr_rdf(soa->rr, 2)));
}

static void says(char out[static SAYS_MAX], const struct message *m, const struct zone_survey *z)
{
	char code[TYPE_TEXT];
	struct analysis a = response_analyze(m, &z->name, z->type, (struct asked_how){.edns = false}, &z->zone);
	switch (a.kind) {
	case RESPONSE_ANSWER:
	case RESPONSE_ALIAS:
		snprintf(out, SAYS_MAX, "%s", m->aa ? "" : "without authority: ");
		add_records(out, SAYS_MAX, m, SECTION_ANSWER, 0);
		return;
	case RESPONSE_REFERRAL:
		snprintf(out, SAYS_MAX, "referral: ");
		add_records(out, SAYS_MAX, m, SECTION_AUTHORITY, LDNS_RR_TYPE_NS);
		return;
	case RESPONSE_NXDOMAIN:
		snprintf(out, SAYS_MAX, "no such name");
		add_serial(out, SAYS_MAX, a.soa);
		return;
	case RESPONSE_NODATA:
		snprintf(out, SAYS_MAX, "no such record");
		add_serial(out, SAYS_MAX, a.soa);
		return;
	case RESPONSE_TRUNCATED:
		snprintf(out, SAYS_MAX, "cut even over TCP");
		return;
	case RESPONSE_NO_EDNS:
	case RESPONSE_LAME:
	case RESPONSE_HEARSAY:
	case RESPONSE_FAILED:
		snprintf(out, SAYS_MAX, "%s: %s", rcode_text(m->rcode, code),
		    a.why ? a.why : "it does not understand the query");
		return;
	}
}

/* Asks one server; over TCP where UDP has no room. */
static bool ask(
    struct surveyor *s, const struct seat *seat, const struct dname *name, uint16_t type, struct direct_reply *out)
{
	char host[HOST_TEXT];
	struct direct d = {.name = *name, .type = type, .tcp = s->r->config.always_tcp};
	d.to = (struct endpoint){.ip = seat->ip, .port = s->r->config.port};
	d.host = host_text(host, &seat->host);
	direct_ask(s->r, s->ex, &d, out);
	if (!out->err && out->message.tc && !d.tcp) {
		message_release(&out->message);
		d.tcp = true;
		direct_ask(s->r, s->ex, &d, out);
	}
	s->stopped = out->err == ERR_INTERNAL;
	return !out->err;
}

static void ask_seat(struct surveyor *s, struct zone_survey *z, struct seat *seat)
{
	struct direct_reply a;
	s->asked++;
	seat->answered = ask(s, seat, &z->name, z->type, &a);
	if (!seat->answered) {
		snprintf(seat->says, sizeof(seat->says), "%s", a.why);
		return;
	}
	z->answered++;
	s->answered++;
	says(seat->says, &a.message, z);
	message_release(&a.message);
}

/* --- do they agree? ---------------------------------------------------------------------------- */

static unsigned votes(const struct zone_survey *z, unsigned i)
{
	unsigned n = 0;
	for (unsigned k = 0; k < z->n; k++)
		n += z->seat[k].answered && strcmp(z->seat[k].says, z->seat[i].says) == 0;
	return n;
}

/* The seat whose word most others share. */
static unsigned majority(const struct zone_survey *z)
{
	unsigned best = 0, most = 0;
	for (unsigned i = 0; i < z->n; i++) {
		unsigned n = z->seat[i].answered ? votes(z, i) : 0;
		if (n > most) {
			most = n;
			best = i;
		}
	}
	return best;
}

static void tell_silent(struct surveyor *s, const struct zone_survey *z)
{
	char host[HOST_TEXT], ip[IP_TEXT];
	for (unsigned i = 0; i < z->n; i++)
		if (!z->seat[i].answered && *z->seat[i].says)
			ev_decision(s->t, "no-word", NULL, "%s (%s) gave no answer: %s.",
			    host_text(host, &z->seat[i].host), ip_text(ip, &z->seat[i].ip), z->seat[i].says);
}

static void tell_verdict(struct surveyor *s, const struct zone_survey *z)
{
	char zone[DNAME_TEXT], what[DNAME_TEXT + 60], host[HOST_TEXT], ip[IP_TEXT];
	unsigned most = majority(z), n = z->answered ? votes(z, most) : 0;
	snprintf(what, sizeof(what), "do all servers of %s say the same?", zone_text(zone, &z->zone));
	tell_silent(s, z);
	if (!z->answered) {
		ev_check(s->t, "servers-agree", VERDICT_SKIP, "RFC 1034 4.1", what, "none of them answered");
		return;
	}
	ev_check(s->t, "servers-agree", n == z->answered ? VERDICT_PASS : VERDICT_FAIL, "RFC 1034 4.1", what,
	    "%u of %u address%s that answered: %s", n, z->answered, z->answered == 1 ? "" : "es", z->seat[most].says);
	s->disagree |= n != z->answered;
	for (unsigned i = 0; i < z->n; i++)
		if (z->seat[i].answered && strcmp(z->seat[i].says, z->seat[most].says) != 0)
			ev_decision(s->t, "disagrees", NULL, "%s (%s) says otherwise: %s",
			    host_text(host, &z->seat[i].host), ip_text(ip, &z->seat[i].ip), z->seat[i].says);
}

/* The zone above says who serves a zone, and so does the zone itself; both should say the same (RFC 1034 4.2.2). */
static void compare_delegation(struct surveyor *s, const struct zone_survey *z)
{
	char above[SAYS_MAX] = "", own[SAYS_MAX] = "", what[2 * DNAME_TEXT + 60], zone[DNAME_TEXT], name[DNAME_TEXT];
	size_t at = 0;
	struct direct_reply a;
	const struct hop *h = s->res->hops;
	while (h < s->res->hops + s->res->n_hops &&
	       !(h->response == RESPONSE_REFERRAL && dname_equal(&h->cut, &z->zone)))
		h++;
	unsigned first = majority(z);
	if (h == s->res->hops + s->res->n_hops || !z->answered || s->stopped ||
	    !ask(s, &z->seat[first], &z->zone, LDNS_RR_TYPE_NS, &a))
		return;
	unsigned common = 0, theirs = 0;
	for (size_t i = 0; i < a.message.n_records; i++) {
		const struct record *rec = &a.message.records[i];
		if (rec->section != SECTION_ANSWER || rec->type != LDNS_RR_TYPE_NS)
			continue;
		theirs++;
		for (unsigned k = 0; k < h->n_ns; k++)
			common += dname_equal(&h->ns[k], &rec->target);
	}
	bool same = theirs && common == theirs && theirs == h->n_ns;
	add_records(own, sizeof(own), &a.message, SECTION_ANSWER, LDNS_RR_TYPE_NS);
	for (unsigned k = 0; k < h->n_ns && at < sizeof(above); k++)
		at += (size_t)snprintf(
		    above + at, sizeof(above) - at, "%s%s", k ? ", " : "", dname_text(name, &h->ns[k]));
	snprintf(what, sizeof(what), "does %s name the same name servers as the zone above it?",
	    dname_text(zone, &z->zone));
	ev_check(s->t, "delegation-agrees", same ? VERDICT_PASS : VERDICT_FAIL, "RFC 1034 4.2.2", what,
	    same ? "%.600s" : "the zone above: %.600s; the zone itself: %.600s", above, own);
	s->disagree |= !same;
	message_release(&a.message);
}

static void report(struct surveyor *s, const struct zone_survey *z)
{
	char text[DNAME_TEXT], name[DNAME_TEXT], type[TYPE_TEXT], host[DNAME_TEXT], ip[IP_TEXT];
	json_t *seats = json_array();
	for (unsigned i = 0; i < z->n; i++)
		json_array_append_new(seats,
		    json_pack("{s:s, s:s, s:b, s:s}", "server", dname_text(host, &z->seat[i].host), "address",
		        ip_text(ip, &z->seat[i].ip), "answered", (int)z->seat[i].answered, "says", z->seat[i].says));
	json_array_append_new(
	    s->report, json_pack("{s:s, s:s, s:s, s:b, s:o}", "zone", dname_text(text, &z->zone), "name",
	                   dname_text(name, &z->name), "type", type_text(type, z->type), "agree",
	                   (int)(z->answered && votes(z, majority(z)) == z->answered), "servers", seats));
}

static void survey_zone(struct surveyor *s, const struct hop *h)
{
	char zone[DNAME_TEXT];
	struct zone_survey *z = calloc(1, sizeof(*z));
	if (!z)
		return;
	z->zone = h->zone;
	z->name = h->name;
	z->type = h->type;
	fill_seats(s, z);
	ev_heading(s->t, "Every server of %s", zone_text(zone, &z->zone));
	for (unsigned i = 0; i < z->n && s->asked < ASKED_MAX && !s->stopped; i++)
		ask_seat(s, z, &z->seat[i]);
	s->zones++;
	tell_verdict(s, z);
	if (!dname_is_root(&z->zone))
		compare_delegation(s, z);
	report(s, z);
	free(z);
}

/* Each zone once a name: the last question that was asked there. */
static bool asked_later(const struct lookup_result *res, size_t i)
{
	for (size_t k = i + 1; k < res->n_hops; k++)
		if (res->hops[k].depth == 0 && dname_equal(&res->hops[k].zone, &res->hops[i].zone))
			return true;
	return false;
}

enum err survey(struct resolver *r, struct exchange ex, const struct lookup_result *res)
{
	struct surveyor s = {.r = r, .ex = ex, .res = res, .t = r->narrator.trace, .report = json_array()};
	if (!s.report)
		return ERR_NOMEM;
	for (size_t i = 0; i < res->n_hops && !s.stopped; i++)
		if (res->hops[i].depth == 0 && !asked_later(res, i))
			survey_zone(&s, &res->hops[i]);
	json_t *o = json_pack("{s:I, s:I, s:I, s:b, s:O}", "zones_asked", (json_int_t)s.zones, "servers_asked",
	    (json_int_t)s.asked, "servers_answered", (json_int_t)s.answered, "agree", (int)!s.disagree, "zones",
	    s.report);
	char *json = o ? json_dumps(o, JSON_COMPACT) : NULL;
	enum err e = s.stopped ? ERR_INTERNAL : !s.answered ? ERR_TIMEOUT : s.disagree ? ERR_NEGATIVE : ERR_OK;
	ev_result(s.t, e, json, "%u zone%s, %u server address%s asked, %u answered: %s", s.zones,
	    s.zones == 1 ? "" : "s", s.asked, s.asked == 1 ? "" : "es", s.answered,
	    s.disagree ? "they do not all say the same" : "all say the same");
	free(json);
	json_decref(o);
	json_decref(s.report);
	return e;
}
