#include "direct.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "narrative.h"

/* --- asking ------------------------------------------------------------------------------------ */

static void prepare(struct resolver *r, const struct direct *d, struct dns_query *q)
{
	*q = (struct dns_query){.to = d->to, .tcp = d->tcp, .timeout_ns = r->config.timeout_ns};
	q->question = (struct question){.qname = d->name,
	    .qtype = d->type,
	    .edns = true,
	    .dnssec = r->config.dnssec,
	    .recursion = d->recursion,
	    .id = (uint16_t)rng_u32(r->rng)};
	q->len = query_write(q->bytes, &q->question);
}

static void tell_asked(
    struct resolver *r, const struct direct *d, const struct dns_query *q, const struct endpoint *local)
{
	char name[DNAME_TEXT], type[TYPE_TEXT], label[DNAME_TEXT + TYPE_TEXT + 60], from[ENDPOINT_TEXT],
	    to[ENDPOINT_TEXT];
	snprintf(label, sizeof(label), "%s %s?%s%s", dname_text(name, &d->name), type_text(type, d->type),
	    d->tcp ? " over TCP" : "", d->recursion ? " recursion desired" : "");
	emit(r->narrator.trace, (struct event){.kind = EV_SEND,
	                            .u.msg = {.from = r->narrator.me,
	                                .to = d->host,
	                                .proto = "DNS",
	                                .label = label,
	                                .bytes = q->bytes,
	                                .len = q->len,
	                                .secrecy = SECRECY_CLEAR,
	                                .from_addr = local->ip.family ? endpoint_text(from, local) : NULL,
	                                .to_addr = endpoint_text(to, &q->to)}});
	tell_fields(&r->narrator, q->bytes, q->len);
}

static unsigned count(const struct message *m, enum section section)
{
	unsigned n = 0;
	for (size_t i = 0; i < m->n_records; i++)
		n += m->records[i].section == section && m->records[i].type != LDNS_RR_TYPE_OPT;
	return n;
}

#define SAID_TEXT (TYPE_TEXT + 160)
static char *said_text(char out[static SAID_TEXT], const struct message *m)
{
	char code[TYPE_TEXT];
	unsigned an = count(m, SECTION_ANSWER), au = count(m, SECTION_AUTHORITY), ad = count(m, SECTION_ADDITIONAL);
	snprintf(out, SAID_TEXT, "%s%s%s%s: %u answer%s, %u authority, %u additional", rcode_text(m->rcode, code),
	    m->aa ? ", authoritative" : ", not authoritative", m->tc ? ", cut" : "",
	    m->ra ? ", recursion offered" : "", an, an == 1 ? "" : "s", au, ad);
	return out;
}

static void tell_came(struct resolver *r, const struct direct *d, const struct dns_reply *reply, const char *label)
{
	char from[ENDPOINT_TEXT];
	emit(r->narrator.trace, (struct event){.kind = EV_RECV,
	                            .u.msg = {.from = d->host,
	                                .to = r->narrator.me,
	                                .proto = "DNS",
	                                .label = label,
	                                .bytes = reply->bytes,
	                                .len = reply->len,
	                                .secrecy = SECRECY_CLEAR,
	                                .from_addr = endpoint_text(from, &reply->from)}});
	tell_fields(&r->narrator, reply->bytes, reply->len);
}

static void take(struct resolver *r, const struct direct *d, const struct dns_query *q, const struct dns_reply *reply,
    struct direct_reply *out)
{
	char label[SAID_TEXT];
	size_t at;
	enum match match = response_match(&q->question, reply->bytes, reply->len);
	out->received = reply->len;
	out->from = reply->from;
	if (match != MATCH_YES && match != MATCH_CASE) {
		tell_came(r, d, reply, "a packet that is no response to the question");
		out->err = ERR_FORMAT;
		snprintf(out->why, sizeof(out->why), "%s", match_text(match));
		return;
	}
	out->err = response_parse(&out->message, &q->question, &d->name, reply->bytes, reply->len, &at);
	if (out->err) {
		tell_came(r, d, reply, "a malformed response");
		snprintf(
		    out->why, sizeof(out->why), "its response is malformed at octet %zu: %s", at, err_text(out->err));
		out->err = ERR_FORMAT;
		return;
	}
	tell_came(r, d, reply, said_text(label, &out->message));
}

void direct_ask(struct resolver *r, struct exchange ex, const struct direct *d, struct direct_reply *out)
{
	struct dns_query q;
	struct endpoint local = {0};
	struct dns_reply reply = {0};
	char server[DNAME_TEXT + IP_TEXT], ip[IP_TEXT];
	*out = (struct direct_reply){0};
	prepare(r, d, &q);
	reply.err = ex.send(ex.ctx, &q, &local);
	bool unsent = reply.err != ERR_OK && reply.err != ERR_REFUSED;
	if (!unsent) {
		out->sent = q.len;
		tell_asked(r, d, &q, &local);
	}
	if (reply.err == ERR_OK)
		reply.err = ex.wait(ex.ctx, &reply);
	snprintf(server, sizeof(server), "%.900s (%s)", d->host, ip_text(ip, &d->to.ip));
	tell_stray_packets(r->narrator.trace, server, &reply);
	out->rtt_ns = reply.rtt_ns;
	out->err = reply.err;
	if (reply.err == ERR_OK)
		take(r, d, &q, &reply, out);
	else if (unsent && reply.err != ERR_INTERNAL)
		snprintf(out->why, sizeof(out->why), "this machine has no route to it, so nothing was sent");
	else
		snprintf(out->why, sizeof(out->why), "%s", err_text(reply.err));
}

/* --- showing ----------------------------------------------------------------------------------- */

static const char *section_name(enum section s)
{
	switch (s) {
	case SECTION_QUESTION:
		return "question";
	case SECTION_ANSWER:
		return "answer";
	case SECTION_AUTHORITY:
		return "authority";
	case SECTION_ADDITIONAL:
		return "additional";
	}
	return "";
}

static void show_records(struct trace *t, const struct message *m)
{
	char name[DNAME_TEXT], type[TYPE_TEXT], data[800];
	for (size_t i = 0; i < m->n_records; i++) {
		const struct record *rec = &m->records[i];
		if (rec->rr)
			ev_decision(t, "record", NULL, "%s: %s %u %s %s", section_name(rec->section),
			    dname_text(name, &rec->owner), (unsigned)rec->ttl, type_text(type, rec->type),
			    rdata_text(data, sizeof(data), rec->rr));
	}
}

static json_t *records_json(const struct message *m, enum section section)
{
	char name[DNAME_TEXT], type[TYPE_TEXT], data[4096];
	json_t *list = json_array();
	for (size_t i = 0; i < m->n_records; i++) {
		const struct record *rec = &m->records[i];
		if (rec->section == section && rec->rr)
			json_array_append_new(
			    list, json_pack("{s:s, s:I, s:s, s:s}", "name", dname_text(name, &rec->owner), "ttl",
			              (json_int_t)rec->ttl, "type", type_text(type, rec->type), "data",
			              rdata_text(data, sizeof(data), rec->rr)));
	}
	return list;
}

static char *show_json(const struct direct *d, const struct direct_reply *a)
{
	char name[DNAME_TEXT], type[TYPE_TEXT], ip[IP_TEXT], code[TYPE_TEXT];
	const struct message *m = &a->message;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:I, s:I, s:I}", "name", dname_text(name, &d->name),
	    "type", type_text(type, d->type), "server", ip_text(ip, &d->to.ip), "transport", d->tcp ? "tcp" : "udp",
	    "rd", (int)d->recursion, "outcome", a->err ? err_name(a->err) : "response", "sent", (json_int_t)a->sent,
	    "received", (json_int_t)a->received, "rtt_us", (json_int_t)(a->rtt_ns / 1000));
	if (o && !a->err)
		json_object_update_new(
		    o, json_pack("{s:s, s:b, s:b, s:b, s:o, s:o, s:o}", "rcode", rcode_text(m->rcode, code), "aa",
		           (int)m->aa, "tc", (int)m->tc, "ra", (int)m->ra, "answer", records_json(m, SECTION_ANSWER),
		           "authority", records_json(m, SECTION_AUTHORITY), "additional",
		           records_json(m, SECTION_ADDITIONAL)));
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}

static bool is_referral(const struct message *m)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (m->records[i].section == SECTION_AUTHORITY && m->records[i].type == LDNS_RR_TYPE_NS)
			return !m->aa;
	return false;
}

static enum err verdict(const struct message *m, const char **words)
{
	*words = "an answer";
	if (m->rcode != LDNS_RCODE_NOERROR && m->rcode != LDNS_RCODE_NXDOMAIN) {
		*words = "the server refuses or failed";
		return ERR_LAME;
	}
	if (m->tc) {
		*words = "the answer was cut to fit a UDP packet; --tcp asks for all of it";
		return ERR_OK;
	}
	if (count(m, SECTION_ANSWER))
		return ERR_OK;
	if (m->rcode == LDNS_RCODE_NOERROR && is_referral(m)) {
		*words = "a referral: the server says who is closer to the name";
		return ERR_OK;
	}
	*words = m->rcode == LDNS_RCODE_NXDOMAIN ? "there is no such name" : "there is no such record";
	return ERR_NEGATIVE;
}

enum err direct_show(struct resolver *r, struct exchange ex, const struct direct *d)
{
	struct direct_reply a;
	char said[SAID_TEXT], name[DNAME_TEXT], type[TYPE_TEXT];
	const char *words;
	struct trace *t = r->narrator.trace;
	ev_heading(t, "%s %s, asked of %s alone", dname_text(name, &d->name), type_text(type, d->type), d->host);
	if (d->recursion)
		ev_explain(t,
		    "Recursion desired (RD): the server is asked to find the answer out, not only for what it knows "
		    "itself. Resolvers do that for their customers; a zone's own servers do not.");
	direct_ask(r, ex, d, &a);
	char *json = show_json(d, &a);
	enum err e = a.err;
	if (e) {
		ev_result(t, e, json, "no answer from %s: %s", d->host, a.why);
	} else {
		show_records(t, &a.message);
		e = verdict(&a.message, &words);
		ev_result(t, e, json, "%s says %s: %s (%zu + %zu bytes, %.1f ms)", d->host,
		    said_text(said, &a.message), words, a.sent, a.received, (double)a.rtt_ns / (double)NS_PER_MS);
		message_release(&a.message);
	}
	free(json);
	return e;
}
