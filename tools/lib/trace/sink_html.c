/* The trace as one page of HTML: style, script and events in the file itself, nothing from elsewhere.
 *
 * Every text may come from a peer. The events stand as JSON in a data block ('<' escaped, so that nothing
 * ends the block early); the script shows them as text nodes. The Content-Security-Policy allows this style
 * and this script by their hashes and nothing else: no network, no other script even where one slipped in. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/file.h"
#include "page_assets.h"
#include "page_data.h"
#include "page_html.h"
#include "page_lab.h"
#include "text.h"

struct html {
	struct replacement file;
	char *path, *title;
	struct page_data data;
	struct page_text lab; /* empty: there is none */
	bool written;
};

static enum err html_event(void *ctx, const struct event *ev)
{
	struct html *h = ctx;

	h->written = false;
	return page_data_add(&h->data, ev);
}

void page_put_html(FILE *out, const char *s)
{
	char *safe = escaped(s);

	for (const char *p = safe ? safe : ""; *p; p++)
		if (strchr("<>&\"'", *p))
			fprintf(out, "&#%d;", *p);
		else
			fputc(*p, out);
	free(safe);
}

const char *page_hash(char out[static PAGE_HASH_TEXT], const char *begin, const char *end)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)begin, (size_t)(end - begin), digest);
	memcpy(out, "sha256-", 7);
	EVP_EncodeBlock((unsigned char *)out + 7, digest, sizeof(digest));
	return out;
}

void page_put_file(FILE *out, const char *begin, const char *end)
{
	fwrite(begin, 1, (size_t)(end - begin), out);
}

static void put_page(FILE *out, const char *title, const struct page_text *json)
{
	char style[PAGE_HASH_TEXT], script[PAGE_HASH_TEXT];

	fprintf(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '%s'; "
	    "script-src '%s'; "
	    "base-uri 'none'; form-action 'none'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
	    page_hash(style, page_css, page_css_end), page_hash(script, page_script, page_script_end));
	page_put_html(out, title);
	fputs("</title>\n<style>", out);
	page_put_file(out, page_css, page_css_end);
	fputs("</style>\n</head>\n", out);
	page_put_file(out, page_body, page_body_end);
	fputs("<script type=\"application/json\" id=\"trace\">", out);
	fwrite(json->s, 1, json->len, out);
	fputs("</script>\n<script>", out);
	page_put_file(out, page_script, page_script_end);
	fputs("</script>\n</body>\n</html>\n", out);
}

/* Writes the whole page, with what there is by now. */
static enum err html_flush(void *ctx)
{
	struct html *h = ctx;
	struct page_text json = {0};

	if (h->written)
		return ERR_OK;
	enum err e = page_data_put(&h->data, h->title, h->lab.s, &json);
	if (e == ERR_OK && !h->file.out)
		e = replacement_open(&h->file, h->path);
	if (e == ERR_OK) {
		put_page(h->file.out, h->title, &json);
		e = replacement_commit(&h->file);
	}
	h->written = true; /* or it failed, and has been told */
	free(json.s);
	return e;
}

static void html_release(void *ctx)
{
	struct html *h = ctx;

	replacement_abort(&h->file);
	page_data_release(&h->data);
	free(h->lab.s);
	free(h->path);
	free(h->title);
	free(h);
}

enum err sink_html(struct trace_sink *sink, const char *path, const char *title)
{
	struct html *h = calloc(1, sizeof(*h));

	if (!h)
		return ERR_NOMEM;
	h->path = strdup(path);
	h->title = strdup(title ? title : "");
	enum err e = h->path && h->title ? replacement_open(&h->file, h->path) : ERR_NOMEM;
	if (e != ERR_OK) {
		int why = errno;
		html_release(h);
		errno = why;
		return e;
	}
	*sink = (struct trace_sink){.on_event = html_event, .flush = html_flush, .release = html_release, .ctx = h};
	return ERR_OK;
}

void sink_html_lab(struct trace_sink *sink, const json_t *facts)
{
	struct html *h = sink->ctx;

	if (sink->on_event != html_event)
		return;
	free(h->lab.s);
	h->lab = (struct page_text){0};
	page_lab_put(facts, &h->lab);
	if (h->lab.failed) { /* a map without the lab is better than none */
		free(h->lab.s);
		h->lab = (struct page_text){0};
	}
	h->written = false;
}
