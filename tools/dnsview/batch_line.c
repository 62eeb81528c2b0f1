#include "batch_line.h"

#include "glassnet/clock.h"

/* A line is put together in one piece: many are written, and each fprintf() costs as much as all of this. */
struct text {
	FILE *f;
	size_t n;
	char buf[8192];
};

static void put_c(struct text *t, char c)
{
	if (t->n == sizeof(t->buf)) {
		fwrite(t->buf, 1, t->n, t->f);
		t->n = 0;
	}
	t->buf[t->n++] = c;
}

static void put(struct text *t, const char *s)
{
	for (; *s; s++)
		put_c(t, *s);
}

static void put_number(struct text *t, uint64_t v)
{
	char digits[20];
	size_t n = 0;
	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	while (n > 0)
		put_c(t, digits[--n]);
}

/* Milliseconds with three decimals. */
static void put_ms(struct text *t, int64_t ns)
{
	uint64_t us = (uint64_t)(ns > 0 ? ns : 0) / 1000;
	put_number(t, us / 1000);
	put_c(t, '.');
	for (uint64_t place = 100; place; place /= 10)
		put_c(t, (char)('0' + us / place % 10));
}

/* The texts are ASCII: names and data are escaped as in master files (RFC 1035 5.1). */
static void put_text(struct text *t, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	put_c(t, '"');
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c < 0x20 || c > 0x7e) {
			put(t, "\\u00");
			put_c(t, hex[c >> 4]);
			c = (unsigned char)hex[c & 15];
		} else if (c == '"' || c == '\\') {
			put_c(t, '\\');
		}
		put_c(t, (char)c);
	}
	put_c(t, '"');
}

static void put_name(struct text *t, const struct dname *n)
{
	char text[DNAME_TEXT];
	put(t, "\"name\":");
	put_text(t, dname_text(text, n));
}

static void put_data(struct text *t, const ldns_rr *rr)
{
	char data[4096];
	const ldns_rdf *rdf = ldns_rr_rd_count(rr) == 1 ? ldns_rr_rdf(rr, 0) : NULL;
	if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_A && rdf && ldns_rdf_size(rdf) == 4) {
		struct ip ip = ip_from(4, ldns_rdf_data(rdf));
		put_text(t, ip_text(data, &ip));
	} else {
		put_text(t, rdata_text(data, sizeof(data), rr));
	}
}

static void put_record(struct text *t, const ldns_rr *rr)
{
	char type[TYPE_TEXT];
	struct dname owner = dname_from_rdf(ldns_rr_owner(rr));
	put_c(t, '{');
	put_name(t, &owner);
	put(t, ",\"ttl\":");
	put_number(t, ldns_rr_ttl(rr));
	put(t, ",\"type\":\"");
	put(t, type_text(type, (uint16_t)ldns_rr_get_type(rr)));
	put(t, "\",\"data\":");
	put_data(t, rr);
	put_c(t, '}');
}

static const char *rcode_of(enum outcome o)
{
	switch (o) {
	case OUTCOME_ANSWER:
	case OUTCOME_NODATA:
		return "NOERROR";
	case OUTCOME_NXDOMAIN:
		return "NXDOMAIN";
	case OUTCOME_YXDOMAIN:
		return "YXDOMAIN";
	case OUTCOME_FAILURE:
		break;
	}
	return "SERVFAIL";
}

void batch_line_write(FILE *f, const struct batch_line *line, const struct lookup_result *res)
{
	struct text t;
	char type[TYPE_TEXT];
	t.f = f;
	t.n = 0;
	put(&t, "{\"line\":");
	put_number(&t, line->number);
	put_c(&t, ',');
	put_name(&t, &line->name);
	put(&t, ",\"type\":\"");
	put(&t, type_text(type, line->type));
	put(&t, "\",\"rcode\":\"");
	put(&t, rcode_of(res->outcome));
	put(&t, "\",\"answer\":[");
	for (size_t i = 0; i < ldns_rr_list_rr_count(res->answer); i++) {
		if (i)
			put_c(&t, ',');
		put_record(&t, ldns_rr_list_rr(res->answer, i));
	}
	put(&t, "],\"servers\":");
	put_number(&t, res->servers);
	put(&t, ",\"queries\":");
	put_number(&t, res->queries);
	put(&t, ",\"ms\":");
	put_ms(&t, res->duration_ns);
	if (res->outcome == OUTCOME_FAILURE) {
		put(&t, ",\"error\":");
		put_text(&t, res->why);
	}
	put(&t, "}\n");
	fwrite(t.buf, 1, t.n, f);
}
