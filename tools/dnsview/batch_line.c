#include "batch_line.h"

#include "glassnet/clock.h"

/* The texts are ASCII: names and data are escaped as in master files (RFC 1035 5.1). */
static void put_text(FILE *f, const char *text)
{
	putc_unlocked('"', f);
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c < 0x20 || c > 0x7e) {
			fprintf(f, "\\u%04x", c);
			continue;
		}
		if (c == '"' || c == '\\')
			putc_unlocked('\\', f);
		putc_unlocked(c, f);
	}
	putc_unlocked('"', f);
}

static void put_name(FILE *f, const char *key, const struct dname *n)
{
	char text[DNAME_TEXT];
	fprintf(f, "\"%s\":", key);
	put_text(f, dname_text(text, n));
}

static void put_record(FILE *f, const ldns_rr *rr)
{
	char type[TYPE_TEXT], data[4096];
	struct dname owner = dname_from_rdf(ldns_rr_owner(rr));
	putc_unlocked('{', f);
	put_name(f, "name", &owner);
	fprintf(f, ",\"ttl\":%u,\"type\":\"%s\",\"data\":", ldns_rr_ttl(rr),
	    type_text(type, (uint16_t)ldns_rr_get_type(rr)));
	put_text(f, rdata_text(data, sizeof(data), rr));
	putc_unlocked('}', f);
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
	char type[TYPE_TEXT];
	fprintf(f, "{\"line\":%llu,", (unsigned long long)line->number);
	put_name(f, "name", &line->name);
	fprintf(
	    f, ",\"type\":\"%s\",\"rcode\":\"%s\",\"answer\":[", type_text(type, line->type), rcode_of(res->outcome));
	for (size_t i = 0; i < ldns_rr_list_rr_count(res->answer); i++) {
		if (i)
			putc_unlocked(',', f);
		put_record(f, ldns_rr_list_rr(res->answer, i));
	}
	fprintf(f, "],\"servers\":%u,\"queries\":%u,\"ms\":%.3f", res->servers, res->queries,
	    (double)res->duration_ns / (double)NS_PER_MS);
	if (res->outcome == OUTCOME_FAILURE) {
		fputs(",\"error\":", f);
		put_text(f, res->why);
	}
	fputs("}\n", f);
}
