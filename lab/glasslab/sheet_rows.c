/* Evidence for the steps that name packets: each journey of a packet, from its first host to its last. */
#include "sheet.h"

#include <stdlib.h>
#include <string.h>

#include "glassnet/capture.h"
#include "glassnet/flow.h"

#define MAX_ROWS 200000
#define WINDOW   (50 * NS_PER_MS)
#define MAX_OPEN 256

enum err rows_add(struct rows *rows, const struct row *row)
{
	if (rows->n == MAX_ROWS)
		return ERR_BUDGET;
	if (rows->n == rows->cap) {
		size_t cap = rows->cap ? 2 * rows->cap : 256;
		struct row *at = reallocarray(rows->at, cap, sizeof *at);
		if (!at)
			return ERR_NOMEM;
		rows->at = at;
		rows->cap = cap;
	}
	rows->at[rows->n++] = *row;
	return ERR_OK;
}

void rows_release(struct rows *rows)
{
	free(rows->at);
	*rows = (struct rows){0};
}

struct reading {
	struct rows *rows;
	struct capture *capture;
	struct trace trace;
	enum err err; /* of a row that could not be kept */
};

static void copy_text(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text ? text : "");
}

static enum err take_event(void *ctx, const struct event *ev)
{
	struct reading *r = ctx;
	const struct ev_message *m = &ev->u.msg;
	struct row row = {.packet = m->packet, .time = ev->time};

	if (ev->kind != EV_SEND || r->err != ERR_OK)
		return ERR_OK;
	copy_text(row.from, sizeof row.from, m->from);
	copy_text(row.to, sizeof row.to, m->to);
	copy_text(row.label, sizeof row.label, m->label);
	char *via = strstr(row.label, " via "); /* the hosts on the way are no part of what was said */
	if (via)
		*via = '\0';
	r->err = rows_add(r->rows, &row);
	return ERR_OK;
}

static void nothing_to_free(void *ctx)
{
	(void)ctx; /* the rows are the caller's */
}

static void take_journey(void *ctx, const struct journey *j)
{
	struct reading *r = ctx;

	journey_emit(j, r->capture, &r->trace, 0);
}

static enum err read_all(struct reading *r, struct pairing *p)
{
	struct capture_packet cp;
	enum err e;

	while ((e = capture_next(r->capture, &cp, 0, -1)) == ERR_OK)
		if ((e = pairing_add(p, r->capture, &cp)) != ERR_OK)
			return e;
	pairing_flush(p);
	/* A file that ends in the middle of a packet was cut by a crash: what comes before counts. */
	return e == ERR_CLOSED || e == ERR_TRUNCATED ? ERR_OK : e;
}

enum err rows_read(struct rows *out, const char *path, struct why *w)
{
	struct reading r = {.rows = out};
	struct pairing *p = NULL;
	struct flows *flows = NULL;
	char msg[256] = "";
	enum err e = capture_open_file(&r.capture, path, NULL, msg);

	if (e != ERR_OK)
		return why(w, e, "the packets that were kept: %s", msg);
	trace_init(&r.trace, &clock_real, "capture");
	e = trace_add(&r.trace, (struct trace_sink){take_event, NULL, nothing_to_free, &r});
	if (e == ERR_OK)
		e = pairing_new(&p, WINDOW, MAX_OPEN, take_journey, &r);
	if (e == ERR_OK)
		e = flows_new(&flows, &flows_limits);
	if (e == ERR_OK) {
		pairing_follow(p, flows);
		e = read_all(&r, p);
	}
	pairing_free(p);
	flows_free(flows);
	if (trace_release(&r.trace) != ERR_OK && e == ERR_OK)
		e = ERR_INTERNAL;
	capture_close(r.capture);
	e = e == ERR_OK ? r.err : e;
	return e == ERR_OK ? ERR_OK : why(w, e, "%s: %s", path, err_text(e));
}
