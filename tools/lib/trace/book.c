/* Several traces in one page of HTML: a table first, whose cells open the page of a trace in a frame.
 *
 * The trace page (style, script, body) stands in it once, as texts; the events of each part are a data block. The page's
 * script puts them together in the frame. What comes from peers is only in the data blocks, and escaped there. The
 * frame has this page's Content-Security-Policy: both styles and both scripts by their hashes, and nothing else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/file.h"
#include "glassnet/trace.h"
#include "page_assets.h"
#include "page_data.h"
#include "page_html.h"
#include "page_lab.h"
#include "text.h"

struct part {
	struct trace_book *book;
	char *id, *title;
	struct page_data data;
};

struct trace_book {
	struct replacement file;
	char *title;
	struct page_text lab;
	struct part **parts;
	size_t n, cap;
	int64_t start;
};

enum err trace_book_open(struct trace_book **out, const char *path, const char *title, const struct json_t *facts)
{
	struct trace_book *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (!b)
		return ERR_NOMEM;
	b->title = strdup(title);
	if (facts)
		page_lab_put(facts, &b->lab);
	enum err e = b->title ? replacement_open(&b->file, path) : ERR_NOMEM;
	if (e != ERR_OK) {
		int why = errno;
		trace_book_close(b);
		errno = why;
		return e;
	}
	*out = b;
	return ERR_OK;
}

static enum err part_event(void *ctx, const struct event *ev)
{
	struct part *p = ctx;

	if (p->book->start == 0)
		p->book->start = ev->time;
	return page_data_add(&p->data, ev);
}

static enum err part_flush(void *ctx)
{
	(void)ctx; /* it is written with the book */
	return ERR_OK;
}

static void part_release(void *ctx)
{
	(void)ctx; /* the book has it */
}

static void free_part(struct part *p)
{
	if (!p)
		return;
	page_data_release(&p->data);
	free(p->id);
	free(p->title);
	free(p);
}

enum err trace_book_part(struct trace_book *b, struct trace_sink *sink, const char *id, const char *title)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 16;
		struct part **more = realloc(b->parts, cap * sizeof(struct part *));
		if (!more)
			return ERR_NOMEM;
		b->parts = more;
		b->cap = cap;
	}
	struct part *p = calloc(1, sizeof(*p));
	if (p) {
		p->book = b;
		p->id = strdup(id);
		p->title = strdup(title);
	}
	if (!p || !p->id || !p->title) {
		free_part(p);
		return ERR_NOMEM;
	}
	b->parts[b->n++] = p;
	*sink = (struct trace_sink){.on_event = part_event, .flush = part_flush, .release = part_release, .ctx = p};
	return ERR_OK;
}

/* --- writing --- */

static void put_policy(FILE *out)
{
	char style[2][PAGE_HASH_TEXT], script[2][PAGE_HASH_TEXT];

	page_hash(style[0], page_css, page_css_end);
	page_hash(style[1], book_css, book_css_end);
	page_hash(script[0], page_script, page_script_end);
	page_hash(script[1], book_script, book_script_end);
	fprintf(out,
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '%s' '%s'; "
	    "script-src '%s' '%s'; base-uri 'none'; form-action 'none'\">\n",
	    style[0], style[1], script[0], script[1]);
}

/* Text that the page's script reads, and nobody runs. */
static void put_inert(FILE *out, const char *id, const char *begin, const char *end)
{
	fprintf(out, "<script type=\"text/plain\" id=\"%s\">", id);
	page_put_file(out, begin, end);
	fputs("</script>\n", out);
}

static void put_head(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
	put_policy(out);
	fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
	    out);
	page_put_html(out, title);
	fputs("</title>\n<style>", out);
	page_put_file(out, page_css, page_css_end);
	fputs("</style>\n<style>", out);
	page_put_file(out, book_css, book_css_end);
	fputs("</style>\n</head>\n", out);
	page_put_file(out, book_body, book_body_end);
}

static enum err put_parts(const struct trace_book *b, FILE *out)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < b->n && e == ERR_OK; i++) {
		struct page_text json = {0};
		e = page_data_put(&b->parts[i]->data, b->parts[i]->title, NULL, &json);
		if (e == ERR_OK) {
			fputs("<script type=\"application/json\" data-part=\"", out);
			page_put_html(out, b->parts[i]->id);
			fputs("\">", out);
			fwrite(json.s, 1, json.len, out);
			fputs("</script>\n", out);
		}
		free(json.s);
	}
	return e;
}

/* What the table shows. */
static enum err put_front(const struct trace_book *b, FILE *out, const char *const cells[], size_t n)
{
	struct page_text json = {0};
	char start[TIME_TEXT + 8];

	page_puts(&json, "{\"title\":");
	page_put_string(&json, b->title);
	page_puts(&json, ",\"start\":");
	page_put_string(&json, moment_text(start, b->start));
	page_puts(&json, ",\"lab\":");
	page_puts(&json, b->lab.s && !b->lab.failed ? b->lab.s : "null");
	page_puts(&json, ",\"cells\":[");
	for (size_t i = 0; i < n; i++) {
		page_puts(&json, i ? ",\n" : "\n");
		page_puts(&json, cells[i]);
	}
	page_puts(&json, "]}");
	if (!json.failed) {
		fputs("<script type=\"application/json\" id=\"book\">", out);
		for (size_t i = 0; i < json.len; i++) /* texts of the cells may hold one */
			if (json.s[i] == '<')
				fputs("\\u003c", out);
			else
				fputc(json.s[i], out);
		fputs("</script>\n", out);
	}
	free(json.s);
	return json.failed ? ERR_NOMEM : ERR_OK;
}

enum err trace_book_write(struct trace_book *b, const char *const cells[], size_t n)
{
	FILE *out = b->file.out;

	if (!out)
		return ERR_IO;
	put_head(out, b->title);
	put_inert(out, "page-style", page_css, page_css_end);
	put_inert(out, "page-body", page_body, page_body_end);
	put_inert(out, "page-script", page_script, page_script_end);
	enum err e = put_parts(b, out);
	if (e == ERR_OK)
		e = put_front(b, out, cells, n);
	if (e != ERR_OK)
		return e;
	fputs("<script>", out);
	page_put_file(out, book_script, book_script_end);
	fputs("</script>\n</body>\n</html>\n", out);
	return replacement_commit(&b->file);
}

void trace_book_close(struct trace_book *b)
{
	if (!b)
		return;
	replacement_abort(&b->file);
	for (size_t i = 0; i < b->n; i++)
		free_part(b->parts[i]);
	free(b->parts);
	free(b->lab.s);
	free(b->title);
	free(b);
}
