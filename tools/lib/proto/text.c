/* The line builder of the summaries. A capture has hundreds of thousands of packets: no formats in here. */
#include "glassnet/proto/text.h"

#include <string.h>

#include "glassnet/wire.h"

struct text text_init(char *buf, size_t cap)
{
	if (cap > 0)
		buf[0] = '\0';
	return (struct text){.buf = buf, .cap = cap};
}

/* Puts "..." at the end, in place of whole characters where there is no room behind them. */
static void mark_cut(struct text *t)
{
	t->cut = true;
	if (t->cap < 4) {
		t->pos = 0;
		if (t->cap > 0)
			t->buf[0] = '\0';
		return;
	}
	while (t->pos + 4 > t->cap || (t->pos > 0 && ((uint8_t)t->buf[t->pos] & 0xc0) == 0x80))
		t->pos--;
	memcpy(t->buf + t->pos, "...", 4);
	t->pos += 3;
}

static void add(struct text *t, const char *s, size_t len)
{
	if (t->cut || t->cap == 0)
		return;
	size_t room = t->cap - 1 - t->pos;
	size_t n = len <= room ? len : room;

	memcpy(t->buf + t->pos, s, n);
	if (n < len) {
		/* the byte that would come next tells mark_cut() whether a character was split */
		t->buf[t->pos + n] = s[n];
		t->pos += n;
		mark_cut(t);
		return;
	}
	t->pos += n;
	t->buf[t->pos] = '\0';
}

void text_str(struct text *t, const char *s)
{
	add(t, s, strlen(s));
}

void text_num(struct text *t, uint64_t v)
{
	char tmp[20];
	size_t at = sizeof(tmp);

	do
		tmp[--at] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	add(t, tmp + at, sizeof(tmp) - at);
}

void text_hex(struct text *t, uint64_t v, unsigned digits)
{
	char tmp[16];

	if (digits > sizeof(tmp))
		digits = sizeof(tmp);
	for (unsigned i = digits; i-- > 0; v >>= 4)
		tmp[i] = "0123456789abcdef"[v & 15];
	add(t, tmp, digits);
}

void text_ip(struct text *t, const struct ip *a)
{
	char tmp[IP_TEXT];

	if (a->family != 4) {
		text_str(t, ip_text(tmp, a));
		return;
	}
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			add(t, ".", 1);
		text_num(t, a->b[i]);
	}
}

void text_endpoint(struct text *t, const struct endpoint *e)
{
	if (e->ip.family == 6)
		text_str(t, "[");
	text_ip(t, &e->ip);
	text_str(t, e->ip.family == 6 ? "]:" : ":");
	text_num(t, e->port);
}

void text_mac(struct text *t, const struct mac *m)
{
	for (int i = 0; i < 6; i++) {
		if (i > 0)
			add(t, ":", 1);
		text_hex(t, m->b[i], 2);
	}
}

void text_peer(struct text *t, const void *p, size_t len)
{
	const uint8_t *b = p;
	size_t plain = 0;

	while (plain < len && b[plain] >= 0x20 && b[plain] < 0x7f && b[plain] != '\\')
		plain++;
	if (plain > 0)
		add(t, p, plain);
	/* the rest in pieces whose escaped text surely fits tmp; a piece may end inside a UTF-8 character
	 * only when it has to, so it ends before a lead byte where it can */
	while (plain < len && !t->cut) {
		char tmp[4 * 64 + 1];
		size_t n = len - plain;
		if (n > 64)
			for (n = 64; n > 60 && (b[plain + n] & 0xc0) == 0x80;)
				n--;
		text_str(t, escape_text(tmp, sizeof(tmp), b + plain, n));
		plain += n;
	}
}

void text_count(struct text *t, uint64_t n, const char *unit)
{
	text_num(t, n);
	text_str(t, " ");
	text_str(t, unit);
	if (n != 1)
		text_str(t, "s");
}

void text_seconds(struct text *t, uint64_t s)
{
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = {{86400, " d"}, {3600, " h"}, {60, " min"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (s > 0 && s % units[i].seconds == 0) {
			text_num(t, s / units[i].seconds);
			text_str(t, units[i].unit);
			return;
		}
	text_num(t, s);
	text_str(t, " s");
}
