/* A scripted network: what each server answers to what, a clock that only moves when somebody waits, and dice
 * that always fall the same way. What the resolver sends is recorded. */
#ifndef DNSVIEW_TEST_NET_H
#define DNSVIEW_TEST_NET_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnsview/lookup.h"
#include "dnsview/narrative.h"
#include "events.h"
#include "torture.h"

enum how {
	SAY,         /* answer */
	SILENT,      /* say nothing */
	UNREACHABLE, /* a router answers instead */
	NO_ROUTE,    /* it cannot even be sent */
	CLOSED,      /* the connection ends too early */
	NO_EDNS,     /* FORMERR to a query with EDNS, else answer */
	LOWER,       /* answer, the question in lower case */
	CUT_UDP,     /* answer over TCP; over UDP TC and nothing else */
	QUERY_BACK,  /* the query itself, QR=0 */
	WRONG_ID,
	WRONG_NAME,
	GARBAGE, /* a record that ends too early */
	LOOP,    /* a record whose name points to itself */
	STRICT,  /* answer only if the letters are small; else refer to the root */
};

struct canned {
	const char *server; /* its address */
	const char *name;   /* in lower case, with the last dot; "*": every name; "*.a.": a. and all below */
	const char *type;   /* "*": every type */
	const char *flags;  /* "aa nxdomain refused servfail notimp" */
	const char *answer, *authority, *additional; /* records, one a line; NULL: none */
	enum how how;
};

struct asked {
	char server[IP_TEXT], name[DNAME_TEXT], type[TYPE_TEXT];
	struct question question;
	bool tcp;
	int64_t timeout_ns;
};

struct net {
	const struct canned *script; /* ends with an empty one */
	int64_t now;
	uint32_t dice;
	size_t n;
	struct asked asked[400];
	struct dns_query last;
	uint8_t reply[65535];
	struct resolver r;
	struct hints hints;
	struct trace trace;
	struct recorder rec;
	struct lookup_result res;
};

static inline int64_t net_now(void *ctx)
{
	return ((struct net *)ctx)->now;
}

static inline void net_fill(void *ctx, void *buf, size_t len)
{
	struct net *n = ctx;
	uint8_t *p = buf;
	for (size_t i = 0; i < len; i++) {
		n->dice = n->dice * 1664525u + 1013904223u;
		p[i] = (uint8_t)(n->dice >> 24);
	}
}

static inline bool net_name_fits(const char *pattern, const char *name)
{
	size_t n = strlen(name), p = strlen(pattern);
	if (strcmp(pattern, "*") == 0 || strcmp(pattern, name) == 0)
		return true;
	if (strncmp(pattern, "*.", 2) != 0 || p == 2)
		return false;
	pattern += 2;
	p -= 2;
	return n >= p && strcmp(name + n - p, pattern) == 0 && (n == p || name[n - p - 1] == '.');
}

static inline const struct canned *net_match(const struct net *n, const struct asked *a)
{
	for (const struct canned *c = n->script; c->server; c++)
		if (strcmp(c->server, a->server) == 0 && net_name_fits(c->name, a->name) &&
		    (strcmp(c->type, "*") == 0 || strcmp(c->type, a->type) == 0))
			return c;
	return NULL;
}

static inline enum err net_send(void *ctx, const struct dns_query *q, struct endpoint *local)
{
	struct net *n = ctx;
	assert_true(n->n < sizeof(n->asked) / sizeof(n->asked[0]));
	struct asked *a = &n->asked[n->n];
	struct dname low = dname_lower(&q->question.qname);
	*a = (struct asked){.question = q->question, .tcp = q->tcp, .timeout_ns = q->timeout_ns};
	ip_text(a->server, &q->to.ip);
	dname_text(a->name, &low);
	type_text(a->type, q->question.qtype);
	n->last = *q;
	*local = (struct endpoint){.ip = {.family = 4, .b = {192, 168, 1, 2}}, .port = 40000};
	const struct canned *c = net_match(n, a);
	if (c && c->how == NO_ROUTE)
		return ERR_UNREACHABLE;
	n->n++;
	return ERR_OK;
}

/* Appends records in master file form to the message; returns how many. */
static inline unsigned net_records(uint8_t *out, size_t *len, const char *text)
{
	unsigned count = 0;
	while (text && *text) {
		char line[6000];
		size_t n = strcspn(text, "\n"), size;
		ldns_rr *rr;
		uint8_t *wire;
		assert_true(n < sizeof(line));
		memcpy(line, text, n);
		line[n] = '\0';
		text += n + (text[n] == '\n');
		if (ldns_rr_new_frm_str(&rr, line, 3600, NULL, NULL) != LDNS_STATUS_OK)
			fail_msg("the script has a bad record: %s", line);
		assert_int_equal(ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &size), LDNS_STATUS_OK);
		memcpy(out + *len, wire, size);
		*len += size;
		count++;
		free(wire);
		ldns_rr_free(rr);
	}
	return count;
}

static inline bool has_word(const char *flags, const char *word)
{
	return flags && strstr(flags, word);
}

static inline bool has_capital(const struct dns_query *q)
{
	for (size_t i = 0; i < q->question.qname.len; i++)
		if (q->question.qname.b[i] >= 'A' && q->question.qname.b[i] <= 'Z')
			return true;
	return false;
}

static inline size_t net_write(struct net *n, const struct canned *c, const struct dns_query *q)
{
	uint8_t *p = n->reply;
	size_t len = 12 + (size_t)q->question.qname.len + 4;
	bool refuse_edns = c->how == NO_EDNS && q->question.edns, cut = c->how == CUT_UDP && !q->tcp;
	unsigned rcode = has_word(c->flags, "nxdomain")   ? 3
	                 : has_word(c->flags, "refused")  ? 5
	                 : has_word(c->flags, "servfail") ? 2
	                 : has_word(c->flags, "notimp")   ? 4
	                 : has_word(c->flags, "yxdomain") ? 6
	                 : has_word(c->flags, "formerr")  ? 1
	                                                  : 0;
	unsigned counts[3] = {0};
	memcpy(p, q->bytes, len);
	p[2] = (uint8_t)(0x80 | (has_word(c->flags, "aa") ? 4 : 0) | (cut || has_word(c->flags, "tc") ? 2 : 0));
	p[3] = (uint8_t)((refuse_edns ? 1 : rcode) | (has_word(c->flags, "ra") ? 0x80 : 0));
	bool confused = c->how == STRICT && has_capital(q);
	if (confused) {
		counts[1] = net_records(p, &len, ". 60 NS a.root.");
	} else if (c->how == LOOP) {
		memcpy(p + len, (uint8_t[]){0xc0, (uint8_t)len, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1}, 16);
		len += 16;
		counts[0] = 1;
	} else if (!refuse_edns && !cut) {
		counts[0] = net_records(p, &len, c->answer);
		counts[1] = net_records(p, &len, c->authority);
		counts[2] = net_records(p, &len, c->additional);
	}
	for (unsigned i = 0; i < 3; i++) {
		p[6 + 2 * i] = (uint8_t)(counts[i] >> 8);
		p[7 + 2 * i] = (uint8_t)counts[i];
	}
	if (c->how == LOWER)
		for (size_t i = 12; i < 12u + q->question.qname.len; i++)
			p[i] = p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i];
	if (c->how == QUERY_BACK)
		p[2] &= 0x7f;
	if (c->how == WRONG_ID)
		p[0] ^= 0xff;
	if (c->how == WRONG_NAME)
		p[13] = p[13] == 'q' ? 'z' : 'q';
	if (c->how == GARBAGE)
		len -= 1;
	return len;
}

static inline enum err net_wait(void *ctx, struct dns_reply *reply)
{
	struct net *n = ctx;
	const struct canned *c = net_match(n, &n->asked[n->n - 1]);
	reply->from = n->last.to;
	reply->rtt_ns = NS_PER_MS;
	if (!c || c->how == SILENT) {
		n->now += n->last.timeout_ns;
		reply->rtt_ns = n->last.timeout_ns;
		return ERR_TIMEOUT;
	}
	n->now += NS_PER_MS;
	if (c->how == UNREACHABLE)
		return ERR_UNREACHABLE;
	if (c->how == CLOSED)
		return ERR_CLOSED;
	reply->bytes = n->reply;
	reply->len = net_write(n, c, &n->last);
	return ERR_OK;
}

static inline void net_config(
    struct net *n, const struct canned *script, const char *hints, struct resolver_config config)
{
	static struct clock clock;
	struct hints_error where;
	memset(n, 0, sizeof(*n));
	n->script = script;
	n->now = 1000 * NS_PER_S;
	n->dice = 7;
	clock = (struct clock){.now = net_now, .ctx = n};
	assert_int_equal(hints_parse(&n->hints, hints, strlen(hints), &where), ERR_OK);
	trace_init(&n->trace, &clock, "laptop");
	recorder_attach(&n->rec, &n->trace);
	assert_int_equal(resolver_init(&n->r, &config, &n->hints, &clock, (struct rng){.fill = net_fill, .ctx = n},
	                     &n->trace, "laptop"),
	    ERR_OK);
}

#define ONE_ROOT ". 3600000 NS a.root. \na.root. 3600000 A 198.41.0.4\n"

static const struct resolver_config net_default = {
    .use_v4 = true, .use_v6 = true, .port = 53, .timeout_ns = 2 * NS_PER_S, .policy = {.allow_special = true}};

static inline void net_up(struct net *n, const struct canned *script)
{
	net_config(n, script, ONE_ROOT, net_default);
}

static inline void net_down(struct net *n)
{
	lookup_result_release(&n->res);
	resolver_release(&n->r);
	assert_int_equal(trace_release(&n->trace), ERR_OK);
	recorder_release(&n->rec);
}

/* Looks up; returns the number of queries. */
static inline size_t net_lookup(struct net *n, const char *name, uint16_t type)
{
	struct dname d;
	const char *why;
	size_t before = n->n;
	lookup_result_release(&n->res);
	assert_int_equal(dname_parse(&d, name, &why), ERR_OK);
	resolver_lookup(&n->r, (struct exchange){.send = net_send, .wait = net_wait, .ctx = n}, &d, type, &n->res);
	return n->n - before;
}

static inline bool net_decided(const struct net *n, const char *id)
{
	return recorder_find(&n->rec, 0, EV_DECISION, id, NULL) != NULL;
}

/* The data of record i of the answer. */
static inline const char *net_answer(const struct net *n, size_t i)
{
	static char text[512];
	if (!n->res.answer || i >= ldns_rr_list_rr_count(n->res.answer))
		return "(no such record)";
	return rdata_text(text, sizeof(text), ldns_rr_list_rr(n->res.answer, i));
}

static inline uint32_t net_ttl(const struct net *n, size_t i)
{
	return ldns_rr_ttl(ldns_rr_list_rr(n->res.answer, i));
}

/* Was this server ever asked? */
static inline unsigned net_asked(const struct net *n, const char *server)
{
	unsigned count = 0;
	for (size_t i = 0; i < n->n; i++)
		count += strcmp(n->asked[i].server, server) == 0;
	return count;
}

#endif
