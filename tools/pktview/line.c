/* One line a packet: number, time, the two ends, protocol, what it says. Nothing is allocated and stdio is
 * entered once, for long captures are read this way. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "glassnet/clock.h"
#include "glassnet/wire.h"
#include "view.h"

#define LINE_MAX_OCTETS 2048
#define WIDE            116 /* columns from which on there is room for addresses beside hosts' names */
#define ENDS_MAX        52  /* the ends' column grows no further */

struct text {
	char at[LINE_MAX_OCTETS];
	size_t n;
	bool columns;  /* are they of interest? */
	size_t hidden; /* octets that take no column: colours, and all but one of an UTF-8 sequence */
};

static void put(struct text *t, const char *s, size_t n)
{
	if (n > sizeof t->at - t->n)
		n = sizeof t->at - t->n;
	memcpy(t->at + t->n, s, n);
	for (size_t i = 0; t->columns && i < n; i++)
		t->hidden += (s[i] & 0xc0) == 0x80;
	t->n += n;
}

static void put_str(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

static void put_spaces(struct text *t, size_t n)
{
	while (n--)
		put(t, " ", 1);
}

static void put_colour(struct text *t, const struct lines *l, const char *code)
{
	if (!l->style.colour)
		return;
	size_t before = t->n;
	put_str(t, code);
	t->hidden += t->n - before;
}

static void put_number(struct text *t, uint64_t v, size_t width, char fill)
{
	char digits[24];
	size_t n = sizeof digits;
	do
		digits[--n] = (char)('0' + v % 10);
	while (v /= 10);
	while (sizeof digits - n < width && n > 0)
		digits[--n] = fill;
	put(t, digits + n, sizeof digits - n);
}

static size_t columns(const struct text *t)
{
	return t->n - t->hidden;
}

/* Seconds and microseconds, without printf. Returns behind the last digit. */
static char *put_seconds(char *p, int64_t ns, int width)
{
	char digits[24];
	size_t n = sizeof digits;
	uint64_t us = (uint64_t)ns / 1000;
	for (int i = 0; i < 6; i++, us /= 10)
		digits[--n] = (char)('0' + us % 10);
	digits[--n] = '.';
	do
		digits[--n] = (char)('0' + us % 10);
	while (us /= 10);
	while (sizeof digits - n < (size_t)width + 7)
		digits[--n] = ' ';
	memcpy(p, digits + n, sizeof digits - n);
	return p + sizeof digits - n;
}

static char *put_date(char out[static VIEW_TIME_TEXT], int64_t time)
{
	struct tm tm;
	time_t secs = (time_t)(time / NS_PER_S - (time % NS_PER_S < 0));
	int64_t frac = time - (int64_t)secs * NS_PER_S;
	size_t n = 0;
	if (gmtime_r(&secs, &tm))
		n = strftime(out, VIEW_TIME_TEXT - 10, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, VIEW_TIME_TEXT - n, ".%06dZ", (int)(frac / 1000));
	return out;
}

char *view_time_text(char out[static VIEW_TIME_TEXT], enum view_time how, int64_t start, int64_t before, int64_t time)
{
	if (how == TIME_ABSOLUTE)
		return put_date(out, time);
	int64_t ns = time - (how == TIME_DELTA ? before : start);
	char *p = out;
	if (how == TIME_DELTA || ns < 0)
		*p++ = ns < 0 ? '-' : '+';
	*put_seconds(p, ns < 0 ? -ns : ns, how == TIME_DELTA ? 3 : 4) = '\0';
	return out;
}

static void put_address(struct text *t, const struct endpoint *e)
{
	char addr[ENDPOINT_TEXT];
	if (e->ip.family != 4) {
		put_str(t, e->port ? endpoint_text(addr, e) : ip_text(addr, &e->ip));
		return;
	}
	for (size_t i = 0; i < 4; i++) { /* the usual case, without printf */
		put_number(t, e->ip.b[i], 0, ' ');
		if (i < 3)
			put(t, ".", 1);
	}
	if (e->port) {
		put(t, ":", 1);
		put_number(t, e->port, 0, ' ');
	}
}

/* An end without a name is called by its address, and that is wanted once, with its port. */
static void put_end(struct text *t, const char *name, const struct endpoint *e, bool with_address)
{
	char safe[LAB_HOST_MAX * 2], ip[IP_TEXT];
	bool named = !e->ip.family || strcmp(name, ip_text(ip, &e->ip)) != 0;
	if (named)
		put_str(t, escape_text(safe, sizeof safe, name, strlen(name)));
	if (named && e->ip.family && with_address)
		put_str(t, " ");
	if (!named || (e->ip.family && with_address))
		put_address(t, e);
}

/* Names where there are any; names and addresses where there is room for both. */
static void put_ends(struct text *t, const struct lines *l, const struct journey *j, const struct capture *c)
{
	const struct packet *p = &j->at[0].packet;
	bool arp = packet_top(p)->proto == PROTO_ARP; /* its line says the addresses */
	const char *arrow = l->style.utf8 ? " \xe2\x86\x92 " : " -> ";
	if (!l->hosts && !arp && p->src.ip.family && p->dst.ip.family && !capture_has_names(c)) {
		put_address(t, &p->src);
		put_str(t, arrow);
		put_address(t, &p->dst);
		return;
	}
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX];
	journey_ends(j, c, from, to);
	bool addresses = !arp && (!l->hosts || !l->style.width || l->style.width >= WIDE);
	size_t n = t->n, hidden = t->hidden, column = columns(t);
	put_end(t, from, &p->src, addresses);
	put_str(t, arrow);
	put_end(t, to, &p->dst, addresses);
	if (addresses && l->hosts && l->style.width && columns(t) - column > ENDS_MAX) {
		t->n = n;
		t->hidden = hidden;
		put_end(t, from, &p->src, false);
		put_str(t, arrow);
		put_end(t, to, &p->dst, false);
	}
}

/* Cuts at the terminal's width, between characters; a line that is not cut is left as it is. */
static void cut(struct text *t, const struct lines *l, size_t from, size_t used)
{
	size_t room = l->style.width > used ? l->style.width - used : 0, col = 0, end = from,
	       dots = l->style.utf8 ? 1 : 3;
	if (!l->style.width || columns(t) <= l->style.width)
		return;
	for (size_t i = from; i < t->n && col + dots <= room; i++) {
		if ((t->at[i] & 0xc0) == 0x80)
			continue;
		if (t->at[i] == '\033') { /* a colour, which takes no column */
			while (t->at[i] != 'm')
				i++;
			continue;
		}
		end = i;
		col++;
	}
	t->n = end;
	put_str(t, l->style.utf8 ? "\xe2\x80\xa6" : "...");
	put_colour(t, l, "\033[0m"); /* what ended it may have been cut off */
}

/* FNV-1a. */
static uint64_t hash(const char *s)
{
	uint64_t h = 14695981039346656037u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 1099511628211u;
	return h;
}

static bool told_before(struct lines *l, const char *way)
{
	uint64_t h = hash(way);
	size_t room = sizeof l->ways / sizeof *l->ways;
	for (size_t i = 0; i < room && i < l->n_ways; i++)
		if (l->ways[i] == h)
			return true;
	l->ways[l->n_ways++ % room] = h;
	return false;
}

/* Words from column VIA on, in lines of their own; a word that is longer than a line stays whole. */
#define VIA 18
static void put_wrapped(struct text *t, const struct lines *l, const char *s)
{
	size_t col = l->style.width;
	while (*s) {
		size_t n = strcspn(s, " ");
		if (col + 1 + n > l->style.width) {
			put_str(t, "\n");
			put_spaces(t, col == l->style.width ? VIA : VIA + 2);
			col = col == l->style.width ? VIA : VIA + 2;
		} else {
			put_str(t, " ");
			col++;
		}
		put(t, s, n);
		col += n;
		s += n + strspn(s + n, " ");
	}
}

/* Where it went: in the same line, but on a terminal in one of its own, and each way only once. */
static void put_via(struct text *t, struct lines *l, const struct journey *j, const struct capture *c)
{
	char via[512] = "via ", safe[1024];
	journey_via(j, c, via + 4, sizeof via - 4);
	if (!via[4])
		return;
	escape_text(safe, sizeof safe, via, strlen(via));
	if (!l->style.width) {
		put_str(t, "  ");
		put_str(t, safe);
	} else if (!told_before(l, safe)) {
		put_colour(t, l, "\033[2m");
		put_wrapped(t, l, safe);
		put_colour(t, l, "\033[0m");
	}
}

static void pad_ends(struct text *t, struct lines *l, size_t width)
{
	if (l->style.width < 100) /* too narrow, or no terminal: what comes next follows at once */
		return;
	if (width > l->ends_width)
		l->ends_width = width < ENDS_MAX ? width : ENDS_MAX;
	if (width < l->ends_width)
		put_spaces(t, l->ends_width - width);
}

enum err line_write(struct lines *l, const struct journey *j, const struct capture *c, const char *place)
{
	struct text t;
	const struct packet *p = &j->at[0].packet;
	t.n = t.hidden = 0;
	t.columns = l->style.width > 0;
	if (l->start == -1)
		l->start = l->before = j->at[0].time;
	put_colour(&t, l, "\033[2m");
	put_number(&t, j->at[0].number, 5, ' ');
	put_str(&t, " ");
	char time[VIEW_TIME_TEXT];
	put_str(&t, view_time_text(time, l->time, l->start, l->before, j->at[0].time));
	l->before = j->at[0].time;
	put_colour(&t, l, "\033[0m");
	put_str(&t, "  ");
	size_t begin = columns(&t);
	if (place) {
		char safe[(LAB_HOST_MAX + 32) * 2];
		put_str(&t, escape_text(safe, sizeof safe, place, strlen(place)));
		put_str(&t, ": ");
	}
	put_ends(&t, l, j, c);
	pad_ends(&t, l, columns(&t) - begin);
	put_str(&t, "  ");
	char summary[768];
	size_t at = t.n, used = columns(&t);
	packet_summary(p, summary, sizeof summary);
	size_t word = strcspn(summary, " ,"); /* the protocol */
	put_colour(&t, l, "\033[36m");
	put(&t, summary, word);
	put_colour(&t, l, "\033[0m");
	put_str(&t, summary + word);
	cut(&t, l, at, used);
	if (!place && l->hosts)
		put_via(&t, l, j, c);
	if (t.n == sizeof t.at)
		t.n--;
	t.at[t.n++] = '\n';
	return (fwrite_unlocked)(t.at, 1, t.n, l->out) == t.n ? ERR_OK : ERR_IO;
}
