/* What the packets of an act show, and what mallory's own report says: the two witnesses of the scene
 * "freewifi". */
#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"

#include "scene_freewifi.h"

static const uint8_t *payload(const struct packet *p)
{
	return p->bytes + p->payload_off;
}

static bool contains(const uint8_t *hay, size_t len, const char *needle)
{
	return needle[0] && memmem(hay, len, needle, strlen(needle)) != NULL;
}

static void keep(struct stream *s, const struct packet *p)
{
	size_t room = STREAM_MAX - s->len, n = p->payload_len < room ? p->payload_len : room;
	memcpy(s->data + s->len, payload(p), n);
	s->len += n;
}

static bool is_between(const char *from, const char *to, const char *a, const char *b)
{
	return (strcmp(from, a) == 0 && strcmp(to, b) == 0) || (strcmp(from, b) == 0 && strcmp(to, a) == 0);
}

static bool is_web(const struct packet *p)
{
	return p->ip_proto == 6 && p->payload_len > 0 &&
	       (p->src.port == 80 || p->dst.port == 80 || p->src.port == 443 || p->dst.port == 443);
}

/* Everybody's copy of a packet is looked at: a secret may be readable on one link and not on another. */
static void look_for_secret(struct wire *w, const struct journey *j, const char *from, const char *to)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct packet *p = &j->at[i].packet;
		if (!contains(p->bytes, p->len, w->secret))
			continue;
		if (w->with_secret++ == 0) {
			w->secret_packet = j->at[i].number;
			snprintf(w->secret_from, LAB_HOST_MAX, "%s", from);
			snprintf(w->secret_to, LAB_HOST_MAX, "%s", to);
		}
		return;
	}
}

enum {
	TLS_RECORD_ALERT = 21,
	TLS_RECORD_DATA = 23
}; /* RFC 8446 5.1; in TLS 1.3 whatever is encrypted looks like that */

/* Of packets with nothing but ciphertext the first of a connection in each direction is drawn, the others are counted. */
static bool is_more_ciphertext(struct wire *w, const struct packet *p, const char *from, const char *to)
{
	if (packet_secrecy(p) != SECRECY_ENCRYPTED || p->payload_len == 0 || payload(p)[0] != TLS_RECORD_DATA)
		return false;
	for (size_t i = 0; i < w->n_ciphertext; i++)
		if (strcmp(w->ciphertext[i].from, from) == 0 && strcmp(w->ciphertext[i].to, to) == 0 &&
		    w->ciphertext[i].src == p->src.port && w->ciphertext[i].dst == p->dst.port) {
			w->not_drawn++;
			return true;
		}
	if (w->n_ciphertext < MAX_PAIRS) {
		w->ciphertext[w->n_ciphertext].src = p->src.port;
		w->ciphertext[w->n_ciphertext].dst = p->dst.port;
		snprintf(w->ciphertext[w->n_ciphertext].from, LAB_HOST_MAX, "%s", from);
		snprintf(w->ciphertext[w->n_ciphertext++].to, LAB_HOST_MAX, "%s", to);
	}
	return false;
}

/* What the laptop and a web server say in records. An alert is a record of its own type; in TLS 1.3 an encrypted one looks like
 * data, of two octets, their type and the tag (RFC 8446 5.2, 6). */
static void take_records(struct wire *w, const struct packet *p, uint64_t number)
{
	uint64_t *alert = p->dst.port == 443 ? &w->alert_packet : &w->server_alert_packet;
	const uint8_t *b = payload(p);

	for (size_t at = 0; at + 5 <= p->payload_len;) {
		size_t len = (size_t)b[at + 3] << 8 | b[at + 4];
		if (b[at] == TLS_RECORD_ALERT || (b[at] == TLS_RECORD_DATA && len == 2 + 1 + 16))
			*alert = *alert ? *alert : number;
		else if (b[at] == TLS_RECORD_DATA && p->dst.port == 443)
			w->data_packet = number;
		at += 5 + len;
	}
}

/* The laptop's half of an https connection: its first packet, the first answer, alerts and data. */
static void take_https(struct wire *w, const struct packet *p, uint64_t number)
{
	uint64_t *first = p->dst.port == 443 ? &w->hello_packet : &w->answer_packet;

	if (p->dst.port != 443 && p->src.port != 443)
		return;
	*first = *first ? *first : number;
	take_records(w, p, number);
}

/* Somebody hung up on a question by http (RFC 9293 3.5.2). */
static bool is_reset(const struct packet *p)
{
	enum { FLAGS = 13, RST = 4 };

	for (unsigned i = 0; i < p->n_layers; i++)
		if (p->layers[i].proto == PROTO_TCP && p->layers[i].len > FLAGS)
			return p->src.port == 80 && (p->bytes[p->layers[i].off + FLAGS] & RST);
	return false;
}

bool wire_look(void *ctx, const struct journey *j, const struct capture *c)
{
	struct wire *w = ctx;
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX];

	if (j->n == 0)
		return false;
	const struct packet *p = &j->at[0].packet;
	enum proto top = packet_top(p)->proto;
	journey_ends(j, c, from, to);
	w->packets++;
	look_for_secret(w, j, from, to);
	if (is_web(p) && p->src.port == 80 && strcmp(from, "bank") == 0)
		keep(&w->bank_sent, p);
	if (is_web(p) && p->src.port == 80 && strcmp(to, "laptop") == 0)
		keep(&w->laptop_got, p);
	uint64_t data = w->data_packet;
	bool alices = strcmp(from, "laptop") == 0 || strcmp(to, "laptop") == 0;
	if (is_web(p) && alices)
		take_https(w, p, j->at[0].number);
	bool reset = is_reset(p) && strcmp(to, "laptop") == 0;
	if (reset && w->reset_packet == 0)
		w->reset_packet = j->at[0].number;
	if (top == PROTO_DNS && is_between(from, to, "laptop", "mallory") && p->src.port == 53 && w->lie_packet == 0)
		w->lie_packet = j->at[0].number;
	if (is_web(p) && (w->show & SHOW_WEB) && is_more_ciphertext(w, p, from, to)) {
		w->data_packet = data; /* what is not drawn is not cited */
		return false;
	}
	return (top == PROTO_DHCP && (w->show & SHOW_DHCP)) || (top == PROTO_DNS && alices && (w->show & SHOW_DNS)) ||
	       ((reset || is_web(p)) && (w->show & SHOW_WEB));
}

bool wire_nothing(void *ctx, const struct journey *j, const struct capture *c)
{
	(void)ctx;
	(void)j;
	(void)c;
	return false;
}

struct wire *wire_watch(struct demo *d, const char *title, unsigned show, const char *secret)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (!w) {
		d->err = ERR_NOMEM;
		return NULL;
	}
	w->show = show;
	w->secret = secret;
	demo_packets(d, title, wire_look, w);
	if (w->not_drawn > 0)
		ev_decision(&d->trace, "not-drawn", NULL,
		    "%zu more packets with nothing but ciphertext are not drawn", w->not_drawn);
	return w;
}

/* --- two bodies, side by side --- */

static const uint8_t *body_of(const struct stream *s, size_t *len)
{
	const uint8_t *end = memmem(s->data, s->len, "\r\n\r\n", 4);
	*len = end ? s->len - (size_t)(end + 4 - s->data) : 0;
	return end ? end + 4 : s->data;
}

/* The line around octet `at`, escaped. */
static void line_at(const uint8_t *body, size_t len, size_t at, char *out, size_t cap)
{
	size_t from = at, to = at;
	while (from > 0 && body[from - 1] != '\n')
		from--;
	while (to < len && body[to] != '\n' && body[to] != '\r')
		to++;
	while (from < to && body[from] == ' ')
		from++;
	escape_text(out, cap, body + from, to - from);
}

bool wire_difference(const struct stream *a, const struct stream *b, char *a_line, char *b_line, size_t cap)
{
	size_t a_len, b_len, at = 0;
	const uint8_t *x = body_of(a, &a_len), *y = body_of(b, &b_len);

	while (at < a_len && at < b_len && x[at] == y[at])
		at++;
	line_at(x, a_len, at, a_line, cap);
	line_at(y, b_len, at, b_line, cap);
	return at < a_len || at < b_len;
}

/* --- mallory's report --- */

const char *loot_value(const json_t *result, const char *key)
{
	const json_t *loot = json_object_get(result, "loot");
	for (size_t i = 0; i < json_array_size(loot); i++) {
		const json_t *item = json_array_get(loot, i);
		const char *k = json_string_value(json_object_get(item, "key"));
		if (k && strcmp(k, key) == 0)
			return json_string_value(json_object_get(item, "value"));
	}
	return NULL;
}

const json_t *last_connection(const json_t *result, const char *scheme)
{
	const json_t *all = json_object_get(result, "connections");
	for (size_t i = json_array_size(all); i-- > 0;) {
		const json_t *c = json_array_get(all, i);
		const char *s = json_string_value(json_object_get(c, "scheme"));
		if (s && strcmp(s, scheme) == 0)
			return c;
	}
	return NULL;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static json_int_t sum(const json_t *list, const char *key)
{
	json_int_t n = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		n += json_integer_value(json_object_get(json_array_get(list, i), key));
	return n;
}

void holdings_text(const json_t *result, char *out, size_t cap)
{
	const json_t *loot = json_object_get(result, "loot"), *all = json_object_get(result, "connections");
	const json_t *tls = last_connection(result, "https");
	size_t at = 0;

	out[0] = '\0';
	if (json_array_size(loot) > 0) {
		for (size_t i = 0; i < json_array_size(loot) && at < cap; i++)
			at += (size_t)snprintf(out + at, cap - at, "%s%s %s", i ? ", " : "",
			    text_of(json_array_get(loot, i), "key"), text_of(json_array_get(loot, i), "value"));
		if (at < cap && sum(all, "changed") > 0)
			snprintf(out + at, cap - at, "; the page changed");
	} else if (tls) {
		const char *alert = text_of(tls, "alert");
		snprintf(out, cap, "nothing: %" JSON_INTEGER_FORMAT " octets, in them the name %s%s%s%s",
		    json_integer_value(json_object_get(tls, "wire_octets")), text_of(tls, "server_name"),
		    alert[0] ? " and the alert \"" : "", alert, alert[0] ? "\"" : "");
	} else {
		snprintf(out, cap, "nothing");
	}
}

void holdings_brief(const json_t *result, char *out, size_t cap)
{
	const char *password = loot_value(result, "password");
	const char *name = text_of(last_connection(result, "https"), "server_name");
	bool changed = sum(json_object_get(result, "connections"), "changed") > 0;

	if (password)
		snprintf(out, cap, "THE PASSWORD%s", changed ? ", the page" : "");
	else if (name[0])
		snprintf(out, cap, "a name: %s", name);
	else
		snprintf(out, cap, "nothing");
}
