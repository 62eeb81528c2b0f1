/* DNS as the interfaces of the laptop and of the provider's resolver saw it. */
#include "sheet.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "glassnet/capture.h"
#include "glassnet/proto/dns.h"
#include "glassnet/proto/text.h"

#define MAX_SEEN 100000

static const char *const hosts[] = {[AT_LAPTOP] = "laptop", [AT_RESOLVER] = "resolver"};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

const json_t *wire_host(const struct wire *w, const char *name)
{
	json_t *h;
	size_t i;

	json_array_foreach(json_object_get(w->facts, "hosts"), i, h)
	{
		if (strcmp(text_of(h, "name"), name) == 0)
			return h;
	}
	return NULL;
}

bool wire_serves(const struct wire *w, const char *host, const char *zone)
{
	json_t *z;
	size_t i;

	json_array_foreach(json_object_get(wire_host(w, host), "zones"), i, z)
	{
		if (json_string_value(z) && strcasecmp(json_string_value(z), zone) == 0)
			return true;
	}
	return false;
}

static struct dns_seen *another(struct wire *w)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 256;
		struct dns_seen *more = w->n < MAX_SEEN ? reallocarray(w->seen, cap, sizeof *more) : NULL;
		if (!more)
			return NULL;
		w->seen = more;
		w->cap = cap;
	}
	return &w->seen[w->n];
}

static uint32_t last_u32(const uint8_t *end)
{
	return (uint32_t)end[-4] << 24 | (uint32_t)end[-3] << 16 | (uint32_t)end[-2] << 8 | end[-1];
}

/* The record of the type that was asked for, in the answer section; or the SOA that comes with a no. */
static void read_answer(struct dns_seen *s, const struct dns *m, const uint8_t *p, size_t len)
{
	struct dns_cursor c = dns_records(m, p, len);
	struct dns_rr rr;

	while (dns_next(&c, &rr))
		if (!s->has_answer && rr.section == DNS_ANSWER && rr.type == s->type) {
			struct text data = text_init(s->data, sizeof s->data);
			dns_rdata_text(&data, p, len, &rr);
			s->ttl = rr.ttl;
			s->has_answer = true;
		} else if (rr.section == DNS_AUTHORITY && rr.type == DNS_SOA && rr.rdata_len >= 22) {
			uint32_t minimum = last_u32(p + rr.rdata_off + rr.rdata_len);
			s->negative = rr.ttl < minimum ? rr.ttl : minimum;
			s->has_soa = true;
		}
}

static void take(
    struct wire *w, const struct capture *c, const struct capture_packet *cp, size_t file, enum dns_seen_at where)
{
	struct packet p = cp->packet;
	struct dns m;
	size_t at;

	packet_parse(&p);
	const struct layer *top = p.n_layers ? packet_top(&p) : NULL;
	if (!top || top->proto != PROTO_DNS || p.ip_proto != 17 || top->err != ERR_OK)
		return;
	const uint8_t *d = p.bytes + top->off;
	struct dns_seen *s = another(w);
	if (!s || dns_parse(&m, d, top->len, &at) != ERR_OK || !m.has_question)
		return;
	*s = (struct dns_seen){.at = where,
	    .packet = p.number,
	    .file = file,
	    .time = p.time,
	    .response = m.response,
	    .aa = m.aa,
	    .rd = m.rd,
	    .rcode = m.rcode,
	    .type = m.question.type};
	struct text name = text_init(s->name, sizeof s->name);
	dns_name_text(&name, d, top->len, m.question.name_off);
	for (char *q = s->name; *q; q++)
		*q = (char)tolower((unsigned char)*q);
	const char *peer = capture_name(c, m.response ? &p.src.ip : &p.dst.ip);
	snprintf(s->peer, sizeof s->peer, "%s", peer ? peer : "?");
	if (m.response)
		read_answer(s, &m, d, top->len);
	w->n++;
}

enum err wire_read(struct wire *out, const char *path, size_t file, struct why *w)
{
	struct capture *c;
	struct capture_packet cp;
	char msg[256] = "";
	enum err e = capture_open_file(&c, path, "udp port 53", msg);

	if (e != ERR_OK)
		return why(w, e, "the packets that were kept: %s", msg);
	while ((e = capture_next(c, &cp, 0, -1)) == ERR_OK) {
		const struct vantage *v = capture_vantage(c, cp.vantage);
		for (size_t i = 0; v && i < sizeof hosts / sizeof *hosts; i++)
			if (strcmp(v->host, hosts[i]) == 0)
				take(out, c, &cp, file, (enum dns_seen_at)i);
	}
	capture_close(c);
	/* A file that ends in the middle of a packet was cut by a crash: what comes before counts. */
	return e == ERR_CLOSED || e == ERR_TRUNCATED ? ERR_OK : why(w, e, "%s: %s", path, err_text(e));
}

void wire_release(struct wire *w)
{
	free(w->seen);
	rows_release(&w->rows);
	*w = (struct wire){0};
}
