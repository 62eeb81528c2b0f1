/* Server-sent events: one endless response a page, each with a buffer of its own. */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "classroom.h"

#define MAX_LISTENERS 16
#define MAX_PENDING   (2U << 20) /* octets that wait for a page that is slow */

struct listener {
	struct feed *feed;
	struct MHD_Connection *connection;
	char *buf;
	size_t start, len, cap;
	bool suspended, behind;
};

struct feed {
	struct listener *at[MAX_LISTENERS];
	size_t n;
	bool closing;
};

enum err feed_new(struct feed **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_OK : ERR_NOMEM;
}

void feed_free(struct feed *f)
{
	free(f);
}

size_t feed_n(const struct feed *f)
{
	return f->n;
}

static void wake(struct listener *l)
{
	if (!l->suspended)
		return;
	l->suspended = false;
	MHD_resume_connection(l->connection);
}

static bool append(struct listener *l, const char *p, size_t n)
{
	if (l->start) {
		memmove(l->buf, l->buf + l->start, l->len);
		l->start = 0;
	}
	if (l->len + n > MAX_PENDING)
		return false;
	if (l->len + n > l->cap) {
		size_t cap = 2 * (l->len + n);
		char *buf = realloc(l->buf, cap);
		if (!buf)
			return false;
		l->buf = buf;
		l->cap = cap;
	}
	memcpy(l->buf + l->len, p, n);
	l->len += n;
	return true;
}

static ssize_t read_more(void *ctx, uint64_t pos, char *out, size_t max)
{
	struct listener *l = ctx;
	(void)pos;
	size_t n = l->len < max ? l->len : max;
	if (n) {
		memcpy(out, l->buf + l->start, n);
		l->start += n;
		l->len -= n;
		return (ssize_t)n;
	}
	if (l->feed->closing)
		return MHD_CONTENT_READER_END_OF_STREAM;
	l->suspended = true;
	MHD_suspend_connection(l->connection);
	return 0;
}

static void gone(void *ctx)
{
	struct listener *l = ctx;
	struct feed *f = l->feed;
	for (size_t i = 0; i < f->n; i++)
		if (f->at[i] == l) {
			f->at[i] = f->at[--f->n];
			break;
		}
	free(l->buf);
	free(l);
}

struct MHD_Response *feed_listen(struct feed *f, struct MHD_Connection *connection)
{
	if (f->n == MAX_LISTENERS)
		return NULL;
	struct listener *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->feed = f;
	l->connection = connection;
	struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_more, l, gone);
	if (!r) {
		free(l);
		return NULL;
	}
	f->at[f->n++] = l;
	return r;
}

static void broadcast(struct feed *f, const char *text, size_t len)
{
	static const char lost[] = "event: lost\ndata: {}\n\n";
	for (size_t i = 0; i < f->n; i++) {
		struct listener *l = f->at[i];
		if (l->behind && append(l, lost, sizeof lost - 1))
			l->behind = false;
		if (l->behind || !append(l, text, len))
			l->behind = true;
		wake(l);
	}
}

void feed_send(struct feed *f, const char *event, const json_t *data)
{
	char *json = f->n ? json_dumps(data, JSON_COMPACT) : NULL;
	if (!json)
		return;
	size_t cap = strlen(event) + strlen(json) + 32;
	char *text = malloc(cap);
	int len = text ? snprintf(text, cap, "event: %s\ndata: %s\n\n", event, json) : 0;
	if (len > 0)
		broadcast(f, text, (size_t)len);
	free(text);
	free(json);
}

void feed_beat(struct feed *f)
{
	broadcast(f, ":\n\n", 3);
}

void feed_close(struct feed *f)
{
	f->closing = true;
	for (size_t i = 0; i < f->n; i++)
		wake(f->at[i]);
}
