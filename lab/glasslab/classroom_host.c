/* What a host has: its addresses, routes and tables, as programs on it tell them now. */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classroom.h"

/* How a program writes its rows. */
enum form {
	FORM_ARRAY, /* one array, or plain text */
	FORM_LINES, /* an object a line, after one that names the schema */
	FORM_TRACE, /* a trace, whose result has them in "table" */
};

struct table {
	const char *title;
	const char *argv[12]; /* in the host */
	enum form form;
	const char *who; /* whom an empty one says something of: "router"; "": nobody; NULL: everybody */
};

static const struct table tables[] = {
    {"Addresses", {"ip", "-j", "address"}, FORM_ARRAY, NULL},
    {"Routes, IPv4", {"ip", "-j", "route"}, FORM_ARRAY, NULL},
    {"Routes, IPv6", {"ip", "-j", "-6", "route"}, FORM_ARRAY, NULL},
    {"Neighbours (ARP, ND)", {"ip", "-j", "neighbour"}, FORM_ARRAY, NULL},
    {"NAT table", {"natview", "table", "--json"}, FORM_TRACE, "router"},
    {"DNS cache", {"dnsview", "cache", "--json"}, FORM_LINES, ""},
    {"Open ports", {"ss", "-H", "-n", "-l", "-t", "-u", "-p"}, FORM_ARRAY, NULL},
};
#define N_TABLES (sizeof tables / sizeof *tables)

static void next_table(struct waiting *w);

void waiting_finish(struct waiting *w)
{
	w->done = true;
	MHD_resume_connection(w->connection);
	http_wake(w->room);
}

void waiting_line(void *ctx, const char *line, size_t len)
{
	struct waiting *w = ctx;
	if (w->text_len + len + 1 >= WAITING_TEXT_MAX)
		return;
	memcpy(w->text + w->text_len, line, len);
	w->text_len += len;
	w->text[w->text_len++] = '\n';
}

/* The rows of lines of JSON; NULL: there is none that is right. */
static json_t *rows_of_lines(const char *text, enum form form)
{
	json_t *rows = json_array(), *last = NULL;
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		json_t *o = json_loadb(line, strcspn(line, "\n"), 0, NULL);
		if (form == FORM_LINES && line != text && o)
			json_array_append(rows, o);
		json_decref(last);
		last = o;
		if (!line[strcspn(line, "\n")])
			break;
	}
	json_t *table = json_object_get(json_object_get(last, "data"), "table");
	if (form == FORM_TRACE || !last) {
		json_decref(rows);
		rows = json_incref(table);
	}
	json_decref(last);
	return rows;
}

static void command_text(char *out, size_t cap, const struct table *t)
{
	size_t at = 0;
	out[0] = '\0';
	for (size_t i = 0; t->argv[i] && at < cap; i++)
		if (strcmp(t->argv[i], "--json")) /* as a person would type it */
			at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? " " : "", t->argv[i]);
}

static void table_end(void *ctx, int status, const char *said)
{
	struct waiting *w = ctx;
	const struct table *t = &tables[w->step];
	char command[256];
	command_text(command, sizeof command, t);
	w->text[w->text_len] = '\0';
	json_t *o =
	    json_pack("{s:s,s:s,s:i,s:s?}", "title", t->title, "command", command, "status", status, "who", t->who);
	json_t *rows = t->form == FORM_ARRAY ? json_loads(w->text, 0, NULL) : rows_of_lines(w->text, t->form);
	if (rows)
		json_object_set_new(o, "rows", rows);
	else
		json_object_set_new(o, "text", json_string(w->text_len ? w->text : said));
	json_array_append_new(json_object_get(w->reply, "tables"), o);
	w->step++;
	next_table(w);
}

static void next_table(struct waiting *w)
{
	static const struct job_calls calls = {waiting_line, table_end};
	const char *args[JOB_MAX_ARGS] = {"exec", "--lab", w->room->lab, w->host, "--"};
	struct why why = {""};
	if (w->step == N_TABLES || w->room->stopping) {
		waiting_finish(w);
		return;
	}
	for (size_t i = 0; tables[w->step].argv[i]; i++)
		args[5 + i] = tables[w->step].argv[i];
	w->text_len = 0;
	if (job_start(NULL, w->room, "glasslab", args, &calls, w, &why) != ERR_OK)
		waiting_finish(w);
}

/* Is that a name that glasslab exec may be given? (Whether there is such a host it says itself.) */
static bool is_name(const char *s)
{
	size_t n = strlen(s);
	return n > 0 && n < LAB_HOST_MAX && s[0] != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

bool host_tables_start(struct waiting *w)
{
	if (!is_name(w->host))
		return false;
	w->text = malloc(WAITING_TEXT_MAX);
	w->reply = json_pack("{s:s,s:[]}", "host", w->host, "tables");
	if (!w->text || !w->reply)
		return false;
	MHD_suspend_connection(w->connection);
	next_table(w);
	return true;
}
