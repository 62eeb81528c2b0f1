/* A message's fields as events, each with its place in the bytes. */
#include <stdio.h>

#include "message.h"

static void field(struct trace *t, const char *layer, const char *name, const char *value,
    const char *meaning, const char *ref, size_t off, size_t len)
{
	ev_field(t, (struct ev_field){.layer = layer,
	                .name = name,
	                .value = value,
	                .meaning = meaning,
	                .ref = ref,
	                .off = off,
	                .len = len});
}

/* In a query only RD means something. */
static void describe_query_flags(const struct message *m, struct trace *t)
{
	field(t, "DNS header", "QR", "0", "a query", "RFC 1035 4.1.1", 2, 1);
	field(t, "DNS header", "RD", m->rd ? "1" : "0",
	    m->rd ? "recursion is asked for" : "the server is not asked to look further for us",
	    "RFC 1035 4.1.1", 2, 1);
}

static void describe_flags(const struct message *m, struct trace *t)
{
	char text[32], name[TYPE_TEXT];
	field(t, "DNS header", "QR", "1", "a response", "RFC 1035 4.1.1", 2, 1);
	field(t, "DNS header", "AA", m->aa ? "1" : "0",
	    m->aa ? "the server speaks for the zone of this name (authoritative answer)"
	          : "not the server's own zone: a pointer to others, or hearsay",
	    "RFC 1035 4.1.1", 2, 1);
	field(t, "DNS header", "TC", m->tc ? "1" : "0", m->tc ? "cut to fit: ask again over TCP" : "whole",
	    "RFC 1035 4.1.1", 2, 1);
	field(t, "DNS header", "RD", m->rd ? "1" : "0", "repeated from the query", "RFC 1035 4.1.1", 2, 1);
	field(t, "DNS header", "RA", m->ra ? "1" : "0",
	    m->ra ? "this server would look further for those who ask"
	          : "this server never looks further for others",
	    "RFC 1035 4.1.1", 3, 1);
	snprintf(text, sizeof(text), "%u %s", m->rcode, rcode_text(m->rcode, name));
	field(t, "DNS header", "RCODE", text, m->rcode == 3 ? "this name does not exist" : NULL,
	    "RFC 1035 4.1.1", 3, 1);
}

static void describe_header(const struct message *m, struct trace *t)
{
	char text[32];
	unsigned n[4] = {m->n_questions};
	for (size_t i = 0; i < m->n_records; i++)
		n[m->records[i].section]++;
	snprintf(text, sizeof(text), "0x%04x", m->id);
	field(t, "DNS header", "id", text, "drawn at random for this query: a forger has to guess it",
	    "RFC 5452 4.3", 0, 2);
	(m->qr ? describe_flags : describe_query_flags)(m, t);
	static const char *const names[] = {"questions", "answers", "authority", "additional"};
	for (unsigned i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "%u", n[i]);
		field(t, "DNS header", names[i], text, NULL, "RFC 1035 4.1.1", 4 + 2 * i, 2);
	}
}

static void describe_record(const struct record *rec, struct trace *t)
{
	static const char *const layers[] = {"DNS question", "DNS answer", "DNS authority", "DNS additional"};
	char owner[DNAME_TEXT], type[TYPE_TEXT], data[512], value[DNAME_TEXT + 600];
	if (rec->type == LDNS_RR_TYPE_OPT) {
		snprintf(value, sizeof(value), "version %u, takes %u octets over UDP, flags 0x%04x",
		    (unsigned)(rec->ttl >> 16 & 0xff), rec->class, (unsigned)(rec->ttl & 0xffff));
		field(t, layers[rec->section], "EDNS", value, "no data, but what the sender can do",
		    "RFC 6891 6.1.2", rec->off, rec->len);
		return;
	}
	snprintf(value, sizeof(value), "%s %u %s %s", dname_text(owner, &rec->owner), (unsigned)rec->ttl,
	    type_text(type, rec->type), rec->rr ? rdata_text(data, sizeof(data), rec->rr) : "(not shown)");
	field(t, layers[rec->section], "record", value, NULL, "RFC 1035 4.1.3", rec->off, rec->len);
}

void message_describe(const struct message *m, struct trace *t)
{
	if (!trace_on(t))
		return;
	describe_header(m, t);
	if (m->n_questions) {
		char name[DNAME_TEXT], type[TYPE_TEXT], value[DNAME_TEXT + TYPE_TEXT + 1];
		snprintf(
		    value, sizeof(value), "%s %s", dname_text(name, &m->qname), type_text(type, m->qtype));
		field(t, "DNS question", "question", value,
		    "the letters' case is random: a forger has to guess it, too (0x20)", "RFC 1035 4.1.2", 12,
		    m->question_len);
	}
	for (size_t i = 0; i < m->n_records; i++)
		describe_record(&m->records[i], t);
}
