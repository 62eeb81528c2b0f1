/* The classroom's http: who may ask, and for what.
 *
 * The page can start programs, so it is for this machine's user alone: it is served on a loopback address, its path
 * begins with a secret (the token), Host must name that address (a name that somebody points at 127.0.0.1, DNS
 * rebinding, does not), and Origin, where a browser sends one, must be this page (no other site's script may press
 * the buttons). [RFC 9110 7.2, RFC 6454 7] */
#include <microhttpd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classroom.h"
#include "demo.h"

#define MAX_BODY 65536

struct request {
	struct waiting waiting;
	size_t body; /* octets of it so far: none is wanted, some are put up with */
	bool begun;
};

typedef enum MHD_Result mhd_result;

static mhd_result respond(struct MHD_Connection *c, unsigned status, struct MHD_Response *r, const char *type)
{
	static const char *const always[][2] = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"},
	    {"Referrer-Policy", "no-referrer"}, {"Cross-Origin-Resource-Policy", "same-origin"},
	    {"X-Frame-Options", "DENY"},
	    {"Content-Security-Policy",
	        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}};
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", type);
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		MHD_add_response_header(r, always[i][0], always[i][1]);
	mhd_result e = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return e;
}

static mhd_result send_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	return respond(c, status,
	    MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY),
	    "text/plain; charset=utf-8");
}

static mhd_result send_file(struct MHD_Connection *c, const char *from, const char *end, const char *type)
{
	return respond(c, MHD_HTTP_OK,
	    MHD_create_response_from_buffer((size_t)(end - from), (void *)(uintptr_t)from, MHD_RESPMEM_PERSISTENT),
	    type);
}

/* Takes json over. */
static mhd_result send_json(struct MHD_Connection *c, unsigned status, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (!text)
		return MHD_NO;
	return respond(c, status, MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE),
	    "application/json");
}

static mhd_result send_why(struct MHD_Connection *c, unsigned status, const char *sentence)
{
	return send_json(c, status, json_pack("{s:s}", "error", sentence));
}

static bool is_ours(const struct classroom *room, const char *authority)
{
	for (size_t i = 0; i < sizeof room->authority / sizeof *room->authority; i++)
		if (room->authority[i][0] && !strcmp(authority, room->authority[i]))
			return true;
	return false;
}

/* NULL: the request comes from this page, or from somebody to whom its address was given. Else why not. */
static const char *refusal(const struct classroom *room, struct MHD_Connection *c, const char *url)
{
	static const char scheme[] = "http://";
	const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	const char *origin = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN);
	size_t n = strlen(room->token);
	if (!host || !is_ours(room, host))
		return "This server answers to its own address only (the Host header names another).\n";
	if (origin && (strncmp(origin, scheme, sizeof scheme - 1) || !is_ours(room, origin + sizeof scheme - 1)))
		return "Another site's page may not ask this server (the Origin header names it).\n";
	if (strlen(url) < n + 2 || url[0] != '/' || url[n + 1] != '/' || sodium_memcmp(url + 1, room->token, n))
		return "The key is missing in the address: use the one that glasslab serve printed.\n";
	return NULL;
}

static mhd_result get_start(struct classroom *room, struct MHD_Connection *c)
{
	json_t *scenes = json_array();
	const struct scene *s;
	for (size_t i = 0; (s = scene_at(i)); i++)
		json_array_append_new(scenes, json_pack("{s:s,s:s}", "name", s->name, "summary", s->summary));
	return send_json(c, MHD_HTTP_OK,
	    json_pack("{s:s,s:o,s:o,s:o,s:O}", "lab", room->lab, "scenes", scenes, "worksheets", worksheet_list(room),
	        "packets", packets_recent(room->packets), "cells", room->cells));
}

static mhd_result get_events(struct classroom *room, struct MHD_Connection *c)
{
	struct MHD_Response *r = feed_listen(room->feed, c);
	return r ? respond(c, MHD_HTTP_OK, r, "text/event-stream")
	         : send_why(c, MHD_HTTP_SERVICE_UNAVAILABLE, "too many pages are open");
}

static mhd_result get_packet(struct classroom *room, struct MHD_Connection *c, const char *id)
{
	json_t *events = packets_detail(room->packets, strtoull(id, NULL, 10));
	return events ? send_json(c, MHD_HTTP_OK, events)
	              : send_why(c, MHD_HTTP_NOT_FOUND, "that packet is not kept any more");
}

static mhd_result get_worksheet(struct classroom *room, struct MHD_Connection *c, const char *number)
{
	char *html = worksheet_html(room, (unsigned)strtoul(number, NULL, 10));
	if (!html)
		return send_why(c, MHD_HTTP_NOT_FOUND, "there is no such worksheet");
	return respond(c, MHD_HTTP_OK, MHD_create_response_from_buffer(strlen(html), html, MHD_RESPMEM_MUST_FREE),
	    "text/html; charset=utf-8");
}

/* The first call of it suspends the connection; the second, when the programs have ended, has the reply. */
static mhd_result get_programs(
    struct request *r, struct MHD_Connection *c, const char *name, bool (*start)(struct waiting *))
{
	struct waiting *w = &r->waiting;
	if (w->done) {
		json_t *reply = w->reply;
		w->reply = NULL;
		return send_json(c, MHD_HTTP_OK, reply);
	}
	snprintf(w->host, sizeof w->host, "%s", name);
	return start(w) ? MHD_YES : send_why(c, MHD_HTTP_NOT_FOUND, "no host of the lab has that name");
}

static mhd_result get(struct request *r, struct MHD_Connection *c, const char *path)
{
	struct classroom *room = r->waiting.room;
	if (!*path)
		return send_file(c, classroom_html, classroom_html_end, "text/html; charset=utf-8");
	if (!strcmp(path, "classroom.css"))
		return send_file(c, classroom_css, classroom_css_end, "text/css; charset=utf-8");
	if (!strcmp(path, "classroom.js"))
		return send_file(c, classroom_js, classroom_js_end, "text/javascript; charset=utf-8");
	if (!strcmp(path, "start"))
		return get_start(room, c);
	if (!strcmp(path, "events"))
		return get_events(room, c);
	if (!strncmp(path, "packet/", 7))
		return get_packet(room, c, path + 7);
	if (!strncmp(path, "worksheet/", 10))
		return get_worksheet(room, c, path + 10);
	if (!strncmp(path, "host/", 5))
		return get_programs(r, c, path + 5, host_tables_start);
	if (!strcmp(path, "facts"))
		return get_programs(r, c, "", facts_start);
	return send_why(c, MHD_HTTP_NOT_FOUND, "there is no such page");
}

static mhd_result post(struct request *r, struct MHD_Connection *c, const char *path)
{
	struct classroom *room = r->waiting.room;
	struct why w = {""};
	enum err e;
	if (!strncmp(path, "scene/", 6))
		e = scene_start(room, path + 6, &w);
	else if (!strncmp(path, "matrix/", 7))
		e = matrix_start(room, path + 7, &w);
	else if (!strncmp(path, "begin/", 6))
		e = begin_start(room, (unsigned)strtoul(path + 6, NULL, 10), &w);
	else if (!strncmp(path, "check/", 6))
		e = check_start(room, (unsigned)strtoul(path + 6, NULL, 10), &w);
	else
		return send_why(c, MHD_HTTP_NOT_FOUND, "there is no such thing to do");
	if (e == ERR_OK)
		return send_json(c, MHD_HTTP_ACCEPTED, json_object());
	return send_why(c, e == ERR_NEGATIVE ? MHD_HTTP_CONFLICT : MHD_HTTP_NOT_FOUND, w.text);
}

static mhd_result answer(void *cls, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *body, size_t *body_len, void **state)
{
	struct classroom *room = cls;
	struct request *r = *state;
	(void)version;
	(void)body;
	if (!r) {
		r = *state = calloc(1, sizeof *r);
		if (!r)
			return MHD_NO;
		r->waiting.room = room;
		r->waiting.connection = c;
		return MHD_YES;
	}
	if (*body_len) {
		r->body += *body_len;
		*body_len = 0;
		return r->body > MAX_BODY ? MHD_NO : MHD_YES;
	}
	const char *no = refusal(room, c, url);
	if (no)
		return send_text(c, MHD_HTTP_FORBIDDEN, no);
	const char *path = url + strlen(room->token) + 2;
	if (!strcmp(method, MHD_HTTP_METHOD_GET))
		return get(r, c, path);
	if (!strcmp(method, MHD_HTTP_METHOD_POST))
		return post(r, c, path);
	return send_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and POST only.\n");
}

static void completed(void *cls, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode how)
{
	struct request *r = *state;
	(void)cls;
	(void)c;
	(void)how;
	*state = NULL;
	if (!r)
		return;
	json_decref(r->waiting.reply);
	free(r->waiting.text);
	free(r);
}

/* --- the loop */

static void timer_fired(uv_timer_t *timer)
{
	http_wake(timer->data);
}

void http_wake(struct classroom *room)
{
	MHD_UNSIGNED_LONG_LONG ms;
	if (!room->http)
		return;
	MHD_run(room->http);
	if (MHD_get_timeout(room->http, &ms) == MHD_YES)
		uv_timer_start(&room->http_timer, timer_fired, ms, 0);
	else
		uv_timer_stop(&room->http_timer);
}

static void readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	http_wake(poll->data);
}

enum err http_start(struct classroom *room, int listening, struct why *w)
{
	room->http = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, room,
	    MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listening, MHD_OPTION_CONNECTION_LIMIT, 64u,
	    MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)65536,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	const union MHD_DaemonInfo *fd =
	    room->http ? MHD_get_daemon_info(room->http, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!fd)
		return why(w, ERR_IO, "the web server cannot be started");
	uv_timer_init(room->loop, &room->http_timer);
	uv_poll_init(room->loop, &room->http_fd, fd->epoll_fd);
	room->http_timer.data = room->http_fd.data = room;
	uv_poll_start(&room->http_fd, UV_READABLE, readable);
	return ERR_OK;
}

void http_stop(struct classroom *room)
{
	if (!room->http)
		return;
	uv_close((uv_handle_t *)&room->http_fd, NULL);
	uv_close((uv_handle_t *)&room->http_timer, NULL);
	MHD_stop_daemon(room->http);
	room->http = NULL;
}
