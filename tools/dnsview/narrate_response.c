/* The second half of the story: what came back, and what was made of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "narrative.h"

static struct trace *tr(const struct lookup *l)
{
	return l->tell->trace;
}

static void put_received(
    struct lookup *l, const struct frame *f, const struct dns_reply *reply, const char *label, enum secrecy secrecy)
{
	char host[HOST_TEXT], from[ENDPOINT_TEXT], to[ENDPOINT_TEXT];
	host_text(host, &f->slist.ns[f->slist.address[f->at].ns].name);
	emit(tr(l), (struct event){.kind = EV_RECV,
	                .u.msg = {.from = host,
	                    .to = l->tell->me,
	                    .proto = "DNS",
	                    .label = label,
	                    .bytes = reply->bytes,
	                    .len = reply->len,
	                    .secrecy = secrecy,
	                    .from_addr = reply->from.ip.family ? endpoint_text(from, &reply->from) : NULL,
	                    .to_addr = f->local.ip.family ? endpoint_text(to, &f->local) : NULL}});
}

/* --- what is not a response -------------------------------------------------------------------- */

void tell_stray_packets(struct trace *t, const char *server, const struct dns_reply *reply)
{
	char from[ENDPOINT_TEXT];
	for (unsigned i = 0; i < reply->n_strays && i < STRAYS_MAX; i++)
		ev_decision(t, "packet-dropped", "RFC 5452 9.1",
		    "A packet from %s, sent while %s was asked, is thrown away: %s. Whoever forges answers has to "
		    "guess all of "
		    "this right.",
		    endpoint_text(from, &reply->stray[i].from), server, match_text(reply->stray[i].why));
	if (reply->n_strays > STRAYS_MAX)
		ev_decision(t, "packet-dropped", "RFC 5452 9.1", "%u more such packets are thrown away.",
		    reply->n_strays - STRAYS_MAX);
}

void tell_strays(struct lookup *l, const struct frame *f, const struct dns_reply *reply)
{
	char server[SERVER_TEXT];
	if (trace_on(tr(l)))
		tell_stray_packets(tr(l), server_text(server, f, f->at), reply);
}

void tell_mismatch(struct lookup *l, const struct frame *f, const struct dns_reply *reply, enum match match)
{
	if (!trace_on(tr(l)))
		return;
	put_received(l, f, reply, "a packet that is no response to the question", SECRECY_CLEAR);
	ev_decision(tr(l), "response-refused", "RFC 5452 9.1",
	    "This is not taken for the response: %s. Whoever forges answers has to guess all of this right.",
	    match_text(match));
}

void tell_case_changed(struct lookup *l, const struct frame *f, const struct dns_reply *reply)
{
	if (!trace_on(tr(l)))
		return;
	put_received(l, f, reply, "a response that repeats the question in other letters' case", SECRECY_CLEAR);
	ev_decision(tr(l), "case-changed", "draft-vixie-dnsext-dns0x20",
	    "The case of the letters is not what was sent: the work of a forger who guessed the number "
	    "right, or of a server "
	    "that does not keep it. Over TCP nobody can answer blindly, so the question is repeated there.");
}

void tell_malformed(struct lookup *l, const struct frame *f, const struct dns_reply *reply, enum err e, size_t at)
{
	if (!trace_on(tr(l)))
		return;
	put_received(l, f, reply, "a malformed response", SECRECY_CLEAR);
	ev_decision(tr(l), "response-malformed", err_ref(e), "The response cannot be read: at octet %zu, %s.", at,
	    err_text(e));
}

/* --- what a response is ------------------------------------------------------------------------ */

static unsigned count(const struct message *m, enum section section, const struct dname *owner, uint16_t type)
{
	unsigned n = 0;
	for (size_t i = 0; i < m->n_records; i++)
		n += m->records[i].section == section && m->records[i].type == type &&
		     (!owner || dname_equal(&m->records[i].owner, owner));
	return n;
}

#define LABEL_TEXT (2 * DNAME_TEXT + 160)

static void answer_label(char out[static LABEL_TEXT], const struct frame *f, const struct message *m)
{
	char type[TYPE_TEXT], data[80];
	unsigned n = count(m, SECTION_ANSWER, &f->qname, f->qtype);
	for (size_t i = 0; i < m->n_records; i++) {
		const struct record *r = &m->records[i];
		if (r->section == SECTION_ANSWER && r->type == f->qtype && r->rr &&
		    dname_equal(&r->owner, &f->qname)) {
			snprintf(out, LABEL_TEXT, "answer: %s %s%s, TTL %u", type_text(type, r->type),
			    rdata_text(data, sizeof(data), r->rr), n > 1 ? " and more" : "", (unsigned)r->ttl);
			return;
		}
	}
	snprintf(out, LABEL_TEXT, "answer");
}

static void response_label(
    char out[static LABEL_TEXT], const struct frame *f, const struct message *m, const struct analysis *a)
{
	char name[DNAME_TEXT], code[TYPE_TEXT], target[DNAME_TEXT];
	unsigned ns, glue;
	switch (a->kind) {
	case RESPONSE_ANSWER:
		answer_label(out, f, m);
		break;
	case RESPONSE_ALIAS:
		snprintf(out, LABEL_TEXT, "%s: %s -> %s", a->alias->type == LDNS_RR_TYPE_CNAME ? "CNAME" : "DNAME",
		    dname_text(name, &a->alias->owner), dname_text(target, &a->alias->target));
		break;
	case RESPONSE_REFERRAL:
		ns = count(m, SECTION_AUTHORITY, &a->cut, LDNS_RR_TYPE_NS);
		glue = count(m, SECTION_ADDITIONAL, NULL, LDNS_RR_TYPE_A) +
		       count(m, SECTION_ADDITIONAL, NULL, LDNS_RR_TYPE_AAAA);
		snprintf(out, LABEL_TEXT, "referral to %s: %u name server%s, %u address%s", dname_text(name, &a->cut),
		    ns, ns == 1 ? "" : "s", glue, glue == 1 ? "" : "es");
		break;
	case RESPONSE_NXDOMAIN:
		snprintf(out, LABEL_TEXT, "NXDOMAIN: there is no %s", dname_text(name, &f->qname));
		break;
	case RESPONSE_NODATA:
		snprintf(out, LABEL_TEXT, "no data: %s has no %s record", dname_text(name, &f->qname),
		    type_text(code, f->qtype));
		break;
	case RESPONSE_TRUNCATED:
		snprintf(out, LABEL_TEXT, "truncated: the answer does not fit");
		break;
	case RESPONSE_NO_EDNS:
	case RESPONSE_LAME:
	case RESPONSE_HEARSAY:
	case RESPONSE_FAILED:
		snprintf(out, LABEL_TEXT, "%s%s", rcode_text(m->rcode, code),
		    m->rcode == LDNS_RCODE_NOERROR ? " of no use" : "");
		break;
	}
}

/* Servers that forget the flag are many, and refusing their answers would help nobody; but it is told. */
static void tell_no_authority(struct lookup *l, const struct frame *f)
{
	char server[SERVER_TEXT], zone[DNAME_TEXT];
	ev_decision(tr(l), "answer-without-authority", "RFC 2181 5.4.1",
	    "%s answers without the flag AA (authoritative answer), though the zone above names it as a server of "
	    "%s: "
	    "taken, for want of a better one.",
	    server_text(server, f, f->at), zone_text(zone, &f->slist.zone));
}

void tell_response(struct lookup *l, const struct frame *f, const struct dns_reply *reply, const struct message *m,
    const struct analysis *a)
{
	char label[LABEL_TEXT];
	if (!trace_on(tr(l)))
		return;
	response_label(label, f, m, a);
	put_received(l, f, reply, label, SECRECY_CLEAR);
	tell_fields(l->tell, reply->bytes, reply->len);
	if (a->kind == RESPONSE_ANSWER && m->aa)
		teach(l->tell, LESSON_AUTHORITY);
	else if (!m->aa && (a->kind == RESPONSE_ANSWER || a->kind == RESPONSE_ALIAS))
		tell_no_authority(l, f);
	else if (a->kind == RESPONSE_NXDOMAIN)
		teach(l->tell, LESSON_NXDOMAIN);
	else if (a->kind == RESPONSE_NODATA)
		teach(l->tell, LESSON_NODATA);
}

void tell_truncated(struct lookup *l, const struct frame *f)
{
	if (!trace_on(tr(l)))
		return;
	char server[SERVER_TEXT];
	ev_decision(tr(l), "truncated", "RFC 7766 5",
	    "Ask %s again, over TCP: the answer was cut (TC), and half of one is not used.",
	    server_text(server, f, f->at));
	teach(l->tell, LESSON_TRUNCATED);
}

void tell_no_edns(struct lookup *l, const struct frame *f)
{
	if (!trace_on(tr(l)))
		return;
	char server[SERVER_TEXT];
	ev_decision(tr(l), "no-edns", "RFC 6891 7", "Ask %s again, in the form of 1987: it does not understand EDNS.",
	    server_text(server, f, f->at));
}

void tell_referral(struct lookup *l, const struct frame *f)
{
	if (!trace_on(tr(l)))
		return;
	(void)f;
	teach(l->tell, LESSON_REFERRAL);
}

void tell_alias(struct lookup *l, const struct frame *f, const struct dname *target, bool from_cache)
{
	if (!trace_on(tr(l)))
		return;
	char name[DNAME_TEXT], to[DNAME_TEXT];
	const char *anew =
	    from_cache || dname_at_or_below(target, &f->slist.zone)
	        ? ""
	        : " What this server may have said about that name is not its to say, and is not used.";
	ev_decision(tr(l), "alias", "RFC 1034 5.3.3 step 4c", "%s is an alias: the search goes on with %s.%s",
	    dname_text(name, &f->sname), dname_text(to, target), anew);
	teach(l->tell, LESSON_ALIAS);
}

const char *tell_alias_loop(const struct frame *f, const struct dname *target, char out[static ALIAS_LOOP_TEXT])
{
	size_t at = (size_t)snprintf(out, ALIAS_LOOP_TEXT, "its aliases lead in a circle: ");
	char name[DNAME_TEXT];
	for (unsigned i = 0; i <= f->n_names && at < ALIAS_LOOP_TEXT; i++) {
		const struct dname *n = i < f->n_names ? &f->names[i] : target;
		at += (size_t)snprintf(
		    out + at, ALIAS_LOOP_TEXT - at, "%s%s", dname_text(name, n), i < f->n_names ? " -> " : "");
	}
	return out;
}

void tell_alias_too_long(struct lookup *l, const struct frame *f)
{
	char name[DNAME_TEXT];
	ev_decision(tr(l), "alias-too-long", "RFC 6672 2.2",
	    "%s is moved by a DNAME to a name that would be longer than the 255 octets that a name may have: it "
	    "cannot "
	    "exist (YXDOMAIN).",
	    dname_text(name, &f->sname));
}

void tell_dropped(struct lookup *l, const struct frame *f, const char *why)
{
	if (!trace_on(tr(l)))
		return;
	char server[SERVER_TEXT], zone[DNAME_TEXT];
	ev_decision(tr(l), "server-dropped", "RFC 1034 5.3.3 step 4d",
	    "%s is of no use for %s: %s. It is taken off the list.", server_text(server, f, f->at),
	    zone_text(zone, &f->slist.zone), why);
	teach(l->tell, LESSON_LAME);
}

void tell_hearsay(struct lookup *l, const struct frame *f, const char *why)
{
	char server[SERVER_TEXT], zone[DNAME_TEXT];
	ev_decision(tr(l), "server-is-resolver", "RFC 1912 2.8",
	    "%s is of little use for %s: %s. It is asked again, with recursion desired, if no other server answers.",
	    server_text(server, f, f->at), zone_text(zone, &f->slist.zone), why);
}

void tell_negative_not_kept(struct lookup *l, const struct frame *f, const struct analysis *a)
{
	if (!trace_on(tr(l)))
		return;
	(void)f;
	ev_decision(tr(l), "negative-not-kept", "RFC 2308 5",
	    a->soa ? "This \"no\" is not kept: its SOA record gives it no time to live."
	           : "This \"no\" is not kept: there is no SOA record of this zone with it that says for how "
	             "long.");
}

/* --- records that are not believed ------------------------------------------------------------- */

/* Is r the address of a name server that this referral names? */
static bool is_glue(const struct message *m, const struct analysis *a, const struct record *r)
{
	for (size_t i = 0; a->kind == RESPONSE_REFERRAL && i < m->n_records; i++)
		if (m->records[i].section == SECTION_AUTHORITY && m->records[i].type == LDNS_RR_TYPE_NS &&
		    dname_equal(&m->records[i].owner, &a->cut) && dname_equal(&m->records[i].target, &r->owner))
			return true;
	return false;
}

static bool is_address(const struct record *r)
{
	return r->section == SECTION_ADDITIONAL && r->rr &&
	       (r->type == LDNS_RR_TYPE_A || r->type == LDNS_RR_TYPE_AAAA);
}

#define ADDRESSES_TEXT 400
/* All addresses that come along for the name of r; "" where an earlier record told them. */
static char *addresses_text(char out[static ADDRESSES_TEXT], const struct message *m, const struct record *r)
{
	char data[IP_TEXT + 8];
	size_t at = 0;
	out[0] = '\0';
	for (const struct record *o = m->records; o < m->records + m->n_records; o++) {
		if (!is_address(o) || !dname_equal(&o->owner, &r->owner) || at > ADDRESSES_TEXT / 2)
			continue;
		if (o < r)
			return out;
		at += (size_t)snprintf(
		    out + at, ADDRESSES_TEXT - at, "%s%s", at ? ", " : "", rdata_text(data, sizeof(data), o->rr));
	}
	return out;
}

static void tell_glue(struct lookup *l, const struct frame *f, const struct message *m, const struct analysis *a,
    const struct record *r)
{
	char name[HOST_TEXT], zone[DNAME_TEXT], addresses[ADDRESSES_TEXT];
	if (!is_address(r) || !*addresses_text(addresses, m, r))
		return;
	host_text(name, &r->owner);
	zone_text(zone, &f->slist.zone);
	if (!is_glue(m, a, r))
		ev_decision(tr(l), "additional-ignored", "RFC 2181 5.4.1",
		    "%s = %s was not asked for and is no name server of this referral: ignored. Such extras "
		    "are how caches are "
		    "poisoned.",
		    name, addresses);
	else if (dname_at_or_below(&r->owner, &f->slist.zone))
		ev_decision(tr(l), "glue-accepted", "RFC 9471 2",
		    "Glue accepted: %s = %s. The name is in bailiwick: within %s, for which this server may "
		    "speak.",
		    name, addresses, zone);
	else
		ev_decision(tr(l), "glue-rejected", "RFC 2181 5.4.1",
		    "Glue refused: %s = %s. The name is out of bailiwick: outside %s. If servers were "
		    "believed about other people's "
		    "names, anybody could redirect anybody (Kaminsky's attack).",
		    name, addresses, zone);
	if (is_glue(m, a, r))
		teach(l->tell, LESSON_GLUE);
}

static void tell_authority(struct lookup *l, const struct frame *f, const struct analysis *a, const struct record *r)
{
	char name[DNAME_TEXT];
	if (r->type != LDNS_RR_TYPE_NS || (a->kind == RESPONSE_REFERRAL && dname_equal(&r->owner, &a->cut)))
		return;
	(void)f;
	if (a->kind == RESPONSE_REFERRAL)
		ev_decision(tr(l), "referral-sideways", "RFC 2181 5.4.1",
		    "A name server for %s comes along with this referral: ignored, it does not lie on the "
		    "way to the name.",
		    dname_text(name, &r->owner));
	else
		ev_decision(tr(l), "authority-ignored", "CVE-2025-11411",
		    "The answer also names a name server of %s: ignored. It was not asked for, and taking it "
		    "would let a forged "
		    "packet take over the whole zone.",
		    dname_text(name, &r->owner));
}

static void tell_answer_extra(struct lookup *l, const struct frame *f, const struct record *r)
{
	char name[DNAME_TEXT], zone[DNAME_TEXT], type[TYPE_TEXT];
	if (dname_at_or_below(&r->owner, &f->slist.zone))
		return;
	ev_decision(tr(l), "answer-out-of-zone", "RFC 2181 5.4.1",
	    "%s %s in this answer lies outside %s: ignored, and asked anew where it belongs. A server is "
	    "only believed about "
	    "its own zone.",
	    dname_text(name, &r->owner), type_text(type, r->type), zone_text(zone, &f->slist.zone));
}

#define EXTRAS_TOLD 30

void tell_trust(struct lookup *l, const struct frame *f, const struct message *m, const struct analysis *a)
{
	if (!trace_on(tr(l)))
		return;
	for (size_t i = 0; i < m->n_records && i < EXTRAS_TOLD; i++) {
		const struct record *r = &m->records[i];
		if (r->section == SECTION_ANSWER)
			tell_answer_extra(l, f, r);
		else if (r->section == SECTION_AUTHORITY)
			tell_authority(l, f, a, r);
		else
			tell_glue(l, f, m, a, r);
	}
	if (m->n_records > EXTRAS_TOLD)
		ev_decision(tr(l), "extras-cut", NULL, "%zu more records are not told one by one.",
		    m->n_records - EXTRAS_TOLD);
}

/* --- the cache --------------------------------------------------------------------------------- */

static const char *kind_text(enum cache_kind kind)
{
	switch (kind) {
	case CACHE_ANSWER:
		return "authoritative";
	case CACHE_DELEGATION:
		return "delegation";
	case CACHE_GLUE:
		return "glue";
	case CACHE_NODATA:
	case CACHE_NXDOMAIN:
		return "negative answer";
	case CACHE_FAILURE:
		return "failure";
	}
	return "";
}

#define SET_TEXT 640
/* "192.0.2.1, 192.0.2.2, TTL 300" */
static void set_text(char out[static SET_TEXT], const struct cache_put *p, uint32_t ttl)
{
	bool no = p->kind == CACHE_NXDOMAIN || p->kind == CACHE_NODATA; /* rrs is the SOA */
	size_t at = 0, n = no ? 0 : ldns_rr_list_rr_count(p->rrs), i = 0;
	char data[80];
	const char *none = p->kind == CACHE_NXDOMAIN ? "does not exist"
	                   : p->kind == CACHE_NODATA ? "no data"
	                                             : "failed";
	for (out[0] = '\0'; i < n && at < SET_TEXT / 2; i++)
		at += (size_t)snprintf(out + at, SET_TEXT - at, "%s%s", i ? ", " : "",
		    rdata_text(data, sizeof(data), ldns_rr_list_rr(p->rrs, i)));
	if (i < n)
		at += (size_t)snprintf(out + at, SET_TEXT - at, ", and %zu more", n - i);
	at += (size_t)snprintf(out + at, SET_TEXT - at, "%s, TTL %u", p->rrs && !no ? "" : none, (unsigned)p->ttl);
	if (ttl > p->ttl)
		snprintf(out + at, SET_TEXT - at, ", cut from %u", (unsigned)ttl);
}

void tell_kept(struct lookup *l, const struct cache_put *p, uint32_t ttl)
{
	char name[DNAME_TEXT], type[TYPE_TEXT], key[DNAME_TEXT + TYPE_TEXT + 2], after[SET_TEXT], from[HOST_TEXT];
	const struct cache_entry *old;
	if (!trace_on(tr(l)))
		return;
	bool had = cache_find(l->r->cache, p->kind, p->name, p->type, p->now, &old) == CACHE_FRESH;
	snprintf(key, sizeof(key), "%s%s%s", dname_text(name, p->name), p->type ? " " : "",
	    p->type ? type_text(type, p->type) : "");
	set_text(after, p, ttl);
	if (p->kind == CACHE_FAILURE)
		ev_state(tr(l), "cache", key, NULL, after, "so that broken servers are not asked at once again");
	else
		ev_state(tr(l), "cache", key, had ? "an older one" : NULL, after, "%s, from %s", kind_text(p->kind),
		    host_text(from, p->from));
	if (p->kind == CACHE_ANSWER || p->kind == CACHE_DELEGATION)
		teach(l->tell, LESSON_TTL);
	if (p->kind == CACHE_ANSWER && p->type == LDNS_RR_TYPE_NS)
		teach(l->tell, LESSON_GHOST);
}
