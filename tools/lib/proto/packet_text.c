/* A packet in words: its line, what a listener gets of it, and its fields. The parsers run once more on the
 * layer that is shown: cheaper than to keep what each of them found for every packet. */
#include <string.h>

#include "fields.h"
#include "glassnet/flow.h"
#include "packet_rows.h"
#include "segment_text.h"

/* --- the packet --- */

/* The innermost layer that a decoder knows. */
static const struct layer *shown_layer(const struct packet *p, unsigned *index)
{
	unsigned i = p->n_layers;

	while (i > 0 && (i == p->n_layers || !packet_rows[p->layers[i].proto].line))
		i--;
	*index = i;
	return &p->layers[i];
}

static void add_trouble(struct text *out, const struct layer *l, bool captured_short)
{
	text_str(out, proto_name(l->proto));
	if (captured_short && l->err == ERR_TRUNCATED) {
		text_str(out, ", cut short by the capture");
		return;
	}
	text_str(out, " malformed: ");
	text_str(out, err_text(l->err));
	text_str(out, " (at byte ");
	text_num(out, l->err_off);
	text_str(out, l->stream ? " of the message)" : ")");
}

/* Was the end lost through no fault of who sent it: by a snap length, or because it is in other fragments? */
static bool captured_short(const struct packet *p)
{
	size_t at;

	for (unsigned i = 0; i < p->n_layers; i++) {
		struct view v = view_of(p, i);
		struct ipv4 v4;
		struct ipv6 v6;
		if ((p->layers[i].proto == PROTO_IPV4 && ipv4_parse(&v4, v.p, v.len, &at) == ERR_OK && v4.mf) ||
		    (p->layers[i].proto == PROTO_IPV6 && ipv6_parse(&v6, v.p, v.len, &at) == ERR_OK && v6.mf))
			return true;
	}
	return p->len < p->wire_len || p->fragment;
}

/* What is wrong further out, where decoding went on. */
static void add_outer_trouble(struct text *out, const struct packet *p, unsigned shown)
{
	for (unsigned i = 0; i < shown; i++)
		if (p->layers[i].err != ERR_OK) {
			text_str(out, "; ");
			add_trouble(out, &p->layers[i], p->layers[i].err == ERR_TRUNCATED && p->len < p->wire_len);
		}
}

char *packet_summary(const struct packet *p, char *out, size_t cap)
{
	struct text t = text_init(out, cap);
	union header h;
	unsigned i;
	size_t at;

	if (p->n_layers == 0 || (p->n_layers == 1 && !packet_rows[p->layers[0].proto].line)) {
		text_count(&t, p->len, "byte");
		text_str(&t, p->n_layers == 0 ? "" : " of a link type that is not decoded here");
		return out;
	}
	const struct layer *l = shown_layer(p, &i);
	if (l->err != ERR_OK) {
		add_trouble(&t, l, l->err == ERR_TRUNCATED && captured_short(p));
	} else {
		struct view v = view_of(p, i);
		(void)!packet_rows[l->proto].read(&h, &v, &at);
		packet_rows[l->proto].line(&h, &v, &t);
	}
	if (p->segment && l->proto != PROTO_TCP)
		segment_message_line(p->segment, &t);
	add_outer_trouble(&t, p, i);
	return out;
}

enum secrecy packet_secrecy(const struct packet *p)
{
	const struct layer *l = packet_top(p);
	union header h;
	size_t at;

	if (l->err != ERR_OK)
		return SECRECY_UNKNOWN;
	if (l->proto == PROTO_TLS || l->proto == PROTO_SSH || l->proto == PROTO_DH) {
		struct view v = view_of(p, p->n_layers - 1);
		if (packet_rows[l->proto].read(&h, &v, &at) != ERR_OK)
			return SECRECY_CLEAR;
		bool secret = l->proto == PROTO_TLS   ? h.tls.encrypted
		              : l->proto == PROTO_SSH ? h.ssh.encrypted
		                                      : h.dh.records > 0;
		return secret ? SECRECY_ENCRYPTED : SECRECY_CLEAR;
	}
	return l->proto == PROTO_DATA || l->proto == PROTO_NONE ? SECRECY_UNKNOWN : SECRECY_CLEAR;
}

/* The octets of a layer that are its own: up to where the next begins. */
static size_t own_len(const struct packet *p, unsigned i)
{
	if (i + 1 < p->n_layers && !p->layers[i + 1].stream)
		return p->layers[i + 1].off - p->layers[i].off;
	if (p->layers[i].proto == PROTO_UDP || p->layers[i].proto == PROTO_TCP)
		return p->payload_off - p->layers[i].off;
	return p->layers[i].len;
}

/* A layer's line without the name that it begins with: the field has it. */
static const char *without_name(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncmp(line, name, n) == 0 && line[n] == ' ' ? line + n + 1 : line;
}

static void describe_layer(const struct packet *p, unsigned i, struct trace *t)
{
	const struct layer *l = &p->layers[i];
	struct fields f = {.trace = t, .layer = proto_name(l->proto), .p = p->bytes};
	struct view v = view_of(p, i);
	char line[512];
	struct text text = text_init(line, sizeof(line));
	union header h;
	size_t at;

	if (!packet_rows[l->proto].read) {
		field_hex(&f, l->off, l->len, "data", "no decoder here knows what this is", NULL);
		return;
	}
	enum err readable = packet_rows[l->proto].read(&h, &v, &at);
	if (l->err != ERR_OK) {
		add_trouble(&text, l, l->err == ERR_TRUNCATED && captured_short(p));
		field_text(&f, l->off, l->len, proto_name(l->proto), without_name(line, proto_name(l->proto)), NULL,
		    err_ref(l->err));
		/* of a header that is not whole nothing more can be said; messages show what comes before the
		 * trouble */
		if (readable != ERR_OK && (l->proto < PROTO_DNS || l->proto == PROTO_LINK))
			return;
	} else {
		packet_rows[l->proto].line(&h, &v, &text);
		field_text(&f, l->off, own_len(p, i), proto_name(l->proto), without_name(line, proto_name(l->proto)),
		    NULL, NULL);
	}
	packet_rows[l->proto].fields(&h, &v, t);
}

/* A message that several segments carry: what of a field is in this one is shown at its place here. */
struct placing {
	struct trace *to;
	size_t before, here, off; /* octets that came before; that are in this packet; where these begin in it */
};

static enum err place_field(void *ctx, const struct event *ev)
{
	const struct placing *pl = ctx;
	struct event placed = *ev;
	struct ev_field *f = &placed.u.field;

	if (ev->kind == EV_FIELD) {
		size_t begin = f->off > pl->before ? f->off - pl->before : 0;
		size_t end = f->off + f->len > pl->before ? f->off + f->len - pl->before : 0;
		end = end < pl->here ? end : pl->here;
		f->len = begin < end ? end - begin : 0;
		f->off = f->len ? pl->off + begin : 0;
	}
	emit(pl->to, placed);
	return ERR_OK;
}

static void release_nothing(void *ctx)
{
	(void)ctx;
}

static void describe_stream_layer(const struct packet *p, unsigned i, struct trace *t)
{
	struct placing pl = {.to = t, .before = p->segment->before, .here = p->payload_len, .off = p->payload_off};
	struct trace placed;

	trace_init(&placed, t->clock, t->actor);
	if (trace_add(&placed,
	        (struct trace_sink){.on_event = place_field, .release = release_nothing, .ctx = &pl}) != ERR_OK)
		return;
	describe_layer(p, i, &placed);
	(void)!trace_release(&placed);
}

void packet_describe(const struct packet *p, struct trace *t)
{
	if (!trace_on(t))
		return;
	for (unsigned i = 0; i < p->n_layers; i++)
		if (p->layers[i].stream)
			describe_stream_layer(p, i, t);
		else
			describe_layer(p, i, t);
}
