/* The pairs stand in one array in the order in which they came; a table of indices, open addressing, finds
 * them. */
#include "hosts.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/lab.h"
#include "glassnet/wire.h"

struct pair {
	char end[2][LAB_HOST_MAX];
	uint64_t packets[2], octets[2]; /* from end 0, from end 1 */
	bool proto[PROTO_COUNT];
};

struct hosts {
	struct pair *pairs;
	size_t n, room, max;
	uint32_t *table; /* index + 1; 0: free. Twice as many places as there may be pairs */
	size_t places;
	uint64_t others; /* packets of pairs that there was no room for */
};

enum err hosts_new(struct hosts **out, size_t max_pairs)
{
	struct hosts *h = calloc(1, sizeof *h);
	*out = h;
	if (!h)
		return ERR_NOMEM;
	h->max = max_pairs;
	h->places = 2 * max_pairs + 1;
	h->table = calloc(h->places, sizeof *h->table);
	if (h->table)
		return ERR_OK;
	free(h);
	*out = NULL;
	return ERR_NOMEM;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	free(h->pairs);
	free(h->table);
	free(h);
}

/* FNV-1a. */
static uint64_t hash(const char *s)
{
	uint64_t v = 14695981039346656037u;
	for (; *s; s++)
		v = (v ^ (uint8_t)*s) * 1099511628211u;
	return v;
}

static bool is_pair(const struct pair *p, const char *a, const char *b)
{
	return strcmp(p->end[0], a) == 0 && strcmp(p->end[1], b) == 0;
}

/* The place of the pair in the table, or a free one: the same whichever end comes first. */
static size_t place_of(const struct hosts *h, const char *a, const char *b)
{
	size_t i = (size_t)((hash(a) + hash(b)) % h->places);
	while (h->table[i]) {
		const struct pair *p = &h->pairs[h->table[i] - 1];
		if (is_pair(p, a, b) || is_pair(p, b, a))
			break;
		i = (i + 1) % h->places;
	}
	return i;
}

static enum err grow(struct hosts *h)
{
	if (h->n < h->room)
		return ERR_OK;
	size_t room = h->room ? 2 * h->room : 64;
	struct pair *more = realloc(h->pairs, room * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	h->pairs = more;
	h->room = room;
	return ERR_OK;
}

enum err hosts_add(struct hosts *h, const char *from, const char *to, enum proto proto, uint64_t octets)
{
	size_t place = place_of(h, from, to);
	if (!h->table[place]) {
		if (h->n == h->max) {
			h->others++;
			return ERR_OK;
		}
		if (grow(h) != ERR_OK)
			return ERR_NOMEM;
		struct pair *p = &h->pairs[h->n++];
		*p = (struct pair){0};
		snprintf(p->end[0], sizeof p->end[0], "%s", from);
		snprintf(p->end[1], sizeof p->end[1], "%s", to);
		h->table[place] = (uint32_t)h->n;
	}
	struct pair *p = &h->pairs[h->table[place] - 1];
	int way = strcmp(p->end[0], from) != 0;
	p->packets[way]++;
	p->octets[way] += octets;
	p->proto[proto] = true;
	return ERR_OK;
}

/* The most octets first; else the order in which they came, which is that of their places. */
static int by_octets(const void *a, const void *b)
{
	const struct pair *x = *(const struct pair *const *)a, *y = *(const struct pair *const *)b;
	uint64_t n = x->octets[0] + x->octets[1], m = y->octets[0] + y->octets[1];
	return n != m ? (n < m) - (n > m) : (x > y) - (x < y);
}

static void write_pair(const struct pair *p, FILE *out, bool utf8)
{
	char a[4 * LAB_HOST_MAX], b[4 * LAB_HOST_MAX];
	escape_text(a, sizeof a, p->end[0], strlen(p->end[0]));
	escape_text(b, sizeof b, p->end[1], strlen(p->end[1]));
	fprintf(out, "%s %s %s  ", a, utf8 ? "\xe2\x86\x92" : "->", b);
	for (int way = 0; way < 2 && p->packets[way]; way++)
		fprintf(out, "%s%" PRIu64 " packet%s, %" PRIu64 " byte%s", way ? "; back " : "", p->packets[way],
		    p->packets[way] == 1 ? "" : "s", p->octets[way], p->octets[way] == 1 ? "" : "s");
	const char *before = "  (";
	for (int i = 0; i < PROTO_COUNT; i++)
		if (p->proto[i]) {
			fprintf(out, "%s%s", before, proto_name((enum proto)i));
			before = ", ";
		}
	fputs(")\n", out);
}

static enum err write_pair_json(const struct pair *p, FILE *out)
{
	json_t *protocols = json_array();
	for (int i = 0; i < PROTO_COUNT; i++)
		if (p->proto[i])
			json_array_append_new(protocols, json_string(proto_name((enum proto)i)));
	char a[4 * LAB_HOST_MAX], b[4 * LAB_HOST_MAX];
	json_t *line = json_pack("{s:s, s:s, s:[I,I], s:[I,I], s:o}", "a",
	    escape_text(a, sizeof a, p->end[0], strlen(p->end[0])), "b",
	    escape_text(b, sizeof b, p->end[1], strlen(p->end[1])), "packets", (json_int_t)p->packets[0],
	    (json_int_t)p->packets[1], "bytes", (json_int_t)p->octets[0], (json_int_t)p->octets[1], "protocols",
	    protocols);
	if (!line)
		return ERR_NOMEM;
	int bad = json_dumpf(line, out, JSON_COMPACT);
	json_decref(line);
	return bad || fputc('\n', out) == EOF ? ERR_IO : ERR_OK;
}

/* The pairs in the order in which they are written; the caller frees. */
static const struct pair **sorted_pairs(const struct hosts *h)
{
	const struct pair **sorted = calloc(h->n ? h->n : 1, sizeof *sorted);
	for (size_t i = 0; sorted && i < h->n; i++)
		sorted[i] = &h->pairs[i];
	if (sorted)
		qsort(sorted, h->n, sizeof *sorted, by_octets);
	return sorted;
}

enum err hosts_write_json(const struct hosts *h, FILE *out)
{
	const struct pair **sorted = sorted_pairs(h);
	enum err e = sorted ? ERR_OK : ERR_NOMEM;
	for (size_t i = 0; i < h->n && !e; i++)
		e = write_pair_json(sorted[i], out);
	free(sorted);
	if (!e && h->others)
		fprintf(out, "{\"further_pairs\":{\"packets\":%" PRIu64 "}}\n", h->others);
	return e ? e : ferror(out) ? ERR_IO : ERR_OK;
}

enum err hosts_write(const struct hosts *h, FILE *out, bool utf8)
{
	const struct pair **sorted = sorted_pairs(h);
	if (!sorted)
		return ERR_NOMEM;
	for (size_t i = 0; i < h->n; i++)
		write_pair(sorted[i], out, utf8);
	free(sorted);
	if (h->others)
		fprintf(out, "%" PRIu64 " packets of further pairs: only the first %zu pairs are told apart\n",
		    h->others, h->max);
	return ferror(out) ? ERR_IO : ERR_OK;
}
