/* One conversation: what each side sent, in order and once, whatever segments it came in. Opened TLS is shown as what it
 * was. Text as lines, all else as octets. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/flow.h"
#include "glassnet/wire.h"
#include "view.h"

struct follow {
	FILE *out;
	struct term_style style;
	bool json;
	uint64_t octets[2], messages;
};

enum err follow_new(struct follow **out, FILE *to, const struct term_style *style, bool json)
{
	struct follow *f = calloc(1, sizeof *f);
	*out = f;
	if (!f)
		return ERR_NOMEM;
	f->out = to;
	f->style = *style;
	f->json = json;
	return ERR_OK;
}

/* Mostly printable, as people count. */
static bool is_text(const uint8_t *p, size_t len)
{
	size_t odd = 0;
	for (size_t i = 0; i < len; i++)
		odd += p[i] < 0x20 ? p[i] != '\n' && p[i] != '\r' && p[i] != '\t' : p[i] == 0x7f;
	for (size_t i = 0; i < len; i++)
		odd += p[i] >= 0x80;
	return odd * 20 <= len;
}

static void write_text(FILE *out, const uint8_t *p, size_t len)
{
	for (size_t at = 0; at < len;) {
		const uint8_t *end = memchr(p + at, '\n', len - at);
		size_t n = end ? (size_t)(end - p) - at : len - at, next = at + n + (end != NULL);
		n -= n > 0 && p[at + n - 1] == '\r';
		fputs("    ", out);
		for (size_t done = 0; done < n; done += 256) {
			char safe[4 * 256 + 1];
			size_t part = n - done < 256 ? n - done : 256;
			fputs(escape_text(safe, sizeof safe, p + at + done, part), out);
		}
		fputc('\n', out);
		at = next;
	}
}

static enum err write_json(struct follow *f, const struct packet *p, const char *from, const char *to,
    const uint8_t *data, size_t len, bool opened)
{
	char *hex = malloc(2 * len + 1), *text = malloc(4 * len + 1);
	enum err e = ERR_NOMEM;
	if (hex && text) {
		json_t *line = json_pack("{s:I, s:f, s:s, s:s, s:b, s:s, s:s}", "packet", (json_int_t)p->number,
		    "time", (double)p->time / 1e9, "from", from, "to", to, "opened", opened, "hex",
		    hex_text(hex, 2 * len + 1, data, len), "text", escape_text(text, 4 * len + 1, data, len));
		e = line && json_dumpf(line, f->out, JSON_COMPACT) == 0 && fputc('\n', f->out) != EOF ? ERR_OK
		                                                                                      : ERR_IO;
		json_decref(line);
	}
	free(hex);
	free(text);
	return e;
}

static enum err write_data(struct follow *f, const struct packet *p, unsigned side, const char *from, const char *to,
    const uint8_t *data, size_t len, bool opened)
{
	f->octets[side] += len;
	f->messages++;
	if (f->json)
		return write_json(f, p, from, to, data, len, opened);
	const char *arrow = f->style.utf8 ? "\xe2\x86\x92" : "->";
	if (f->style.colour)
		fputs(side ? "\033[35m" : "\033[36m", f->out);
	fprintf(f->out, "#%llu  %s %s %s  %zu byte%s%s", (unsigned long long)p->number, from, arrow, to, len,
	    len == 1 ? "" : "s", opened ? ", opened" : "");
	if (f->style.colour)
		fputs("\033[0m", f->out);
	fputc('\n', f->out);
	if (is_text(data, len))
		write_text(f->out, data, len);
	else if (octets_write(f->out, data, len))
		return ERR_IO;
	return ferror(f->out) ? ERR_IO : ERR_OK;
}

enum err follow_add(struct follow *f, const struct packet *p, unsigned side, const char *from, const char *to)
{
	const struct segment *s = p->segment;
	if (!s)
		return p->payload_len
		           ? write_data(f, p, side, from, to, p->bytes + p->payload_off, p->payload_len, false)
		           : ERR_OK;
	if (s->inner_len)
		return write_data(f, p, side, from, to, s->inner, s->inner_len, true);
	bool opened = s->n_opened > 0; /* its messages are no one's words: handshakes, alerts */
	return s->len && !opened ? write_data(f, p, side, from, to, s->data, s->len, false) : ERR_OK;
}

enum err follow_end(struct follow *f)
{
	if (!f)
		return ERR_OK;
	if (!f->json)
		fprintf(f->out, "%llu message%s: %llu bytes from who spoke first, %llu back\n",
		    (unsigned long long)f->messages, f->messages == 1 ? "" : "s", (unsigned long long)f->octets[0],
		    (unsigned long long)f->octets[1]);
	enum err e = ferror(f->out) ? ERR_IO : ERR_OK;
	free(f);
	return e;
}
