/* glasslab serve: the classroom, until Ctrl-C. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "classroom.h"
#include "glassnet/addr.h"
#include "verbs.h"

#define DEFAULT_LISTEN "127.0.0.1:8080"
#define BEAT_MS        2000
#define ENDING_MS      5000

/* --- the address */

static bool is_loopback(const struct ip *a)
{
	static const uint8_t one[16] = {[15] = 1};
	return a->family == 4 ? a->b[0] == 127 : memcmp(a->b, one, sizeof one) == 0;
}

/* Only this machine may reach the page: it starts programs. */
static int parse_listen(struct cli *c, struct endpoint *out)
{
	const char *text = cli_get(c, "listen");
	text = text ? text : DEFAULT_LISTEN;
	if (endpoint_parse(out, text, 8080) != ERR_OK)
		return cli_usage(c, "--listen wants ADDRESS:PORT, as in " DEFAULT_LISTEN ", not '%s'", text);
	if (!is_loopback(&out->ip))
		return cli_usage(c,
		    "--listen %s: the classroom can start programs, so it is served on this machine's own loopback "
		    "addresses only (127.0.0.1 or [::1])",
		    text);
	return EXIT_YES;
}

/* Listens there, and says in *at which port it is. -1: errno tells. */
static int open_socket(struct endpoint *at)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, at);
	int on = 1;
	int s = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return -1;
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(s, (struct sockaddr *)&sa, len) < 0 || listen(s, 64) < 0 ||
	    getsockname(s, (struct sockaddr *)&sa, &len) < 0 ||
	    endpoint_from_sockaddr(at, (struct sockaddr *)&sa, len) != ERR_OK) {
		int why_not = errno;
		close(s);
		errno = why_not;
		return -1;
	}
	return s;
}

static void make_address(struct classroom *room, const struct endpoint *at)
{
	unsigned char chance[32];
	randombytes_buf(chance, sizeof chance);
	sodium_bin2hex(room->token, sizeof room->token, chance, sizeof chance);
	sodium_memzero(chance, sizeof chance);
	endpoint_text(room->authority[0], at);
	snprintf(room->authority[1], sizeof room->authority[1], "localhost:%u", at->port);
}

/* --- what it listens to */

static void start_listening(struct classroom *room);

static void packet_line(void *ctx, const char *line, size_t len)
{
	struct classroom *room = ctx;
	json_t *summary = packets_line(room->packets, line, len);
	if (summary)
		feed_send(room->feed, "packet", summary);
	json_decref(summary);
	http_wake(room);
}

static void listening_end(void *ctx, int status, const char *said)
{
	struct classroom *room = ctx;
	json_t *o = json_pack("{s:i,s:s}", "status", status, "said", said);
	room->listening = NULL;
	if (o)
		feed_send(room->feed, "deaf", o);
	json_decref(o);
	http_wake(room);
}

static void start_listening(struct classroom *room)
{
	static const struct job_calls calls = {packet_line, listening_end};
	const char *args[] = {"live", "--lab", "--lab-name", room->lab, "--hops", "--json", NULL};
	struct why w = {""};
	if (job_start(&room->listening, room, "pktview", args, &calls, room, &w) != ERR_OK)
		room->listening = NULL; /* the next beat tries again */
}

/* --- the loop */

static void on_beat(uv_timer_t *timer)
{
	struct classroom *room = timer->data;
	feed_beat(room->feed);
	if (!room->listening && !room->stopping)
		start_listening(room); /* the lab may have come back */
	http_wake(room);
}

static void on_signal(uv_signal_t *handle, int sig)
{
	struct classroom *room = handle->data;
	(void)sig;
	room->stopping = true;
}

static void never(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Ends the programs and the pages' connections, then the server, which may have none that waits. */
static void shut(struct classroom *room)
{
	bool late = false;
	uv_timer_t limit;
	uv_timer_init(room->loop, &limit);
	limit.data = &late;
	uv_timer_start(&limit, never, ENDING_MS, 0);
	job_stop_all(room);
	feed_close(room->feed);
	http_wake(room);
	while ((job_any(room) || feed_n(room->feed)) && !late)
		uv_run(room->loop, UV_RUN_ONCE);
	if (late)
		_exit(EXIT_INTERNAL); /* a program that does not end: it is told by its closed pipes */
	http_stop(room);
	uv_close((uv_handle_t *)&limit, NULL);
	uv_close((uv_handle_t *)&room->beat, NULL);
	uv_close((uv_handle_t *)&room->on_int, NULL);
	uv_close((uv_handle_t *)&room->on_term, NULL);
	uv_run(room->loop, UV_RUN_DEFAULT);
}

static enum err run(struct classroom *room, int listening, FILE *out, struct why *w)
{
	uv_signal_init(room->loop, &room->on_int);
	uv_signal_init(room->loop, &room->on_term);
	uv_timer_init(room->loop, &room->beat);
	room->on_int.data = room->on_term.data = room->beat.data = room;
	uv_signal_start(&room->on_int, on_signal, SIGINT);
	uv_signal_start(&room->on_term, on_signal, SIGTERM);
	uv_timer_start(&room->beat, on_beat, 0, BEAT_MS);
	enum err e = http_start(room, listening, w);
	if (e == ERR_OK) {
		fprintf(out,
		    "The classroom of the lab \"%s\" is open. Its address has a key in it, for you alone:\n\n"
		    "    http://%s/%s/\n\nCtrl-C closes it; the lab goes on.\n",
		    room->lab, room->authority[0], room->token);
		fflush(out);
		while (!room->stopping)
			uv_run(room->loop, UV_RUN_ONCE);
	}
	shut(room);
	return e;
}

static void find_worksheets(struct classroom *room)
{
	char path[PATH_MAX + 32];
	/* lab/../worksheets in the source tree, share/glassnet/worksheets installed */
	snprintf(path, sizeof path, "%s/worksheets", room->data);
	if (access(path, X_OK) < 0)
		snprintf(path, sizeof path, "%s/../worksheets", room->data);
	if (!realpath(path, room->worksheets))
		room->worksheets[0] = '\0';
}

static int serve_at(struct cli *c, struct classroom *room, struct endpoint *at)
{
	struct why w = {""};
	int s = open_socket(at);
	if (s < 0)
		return cli_fail(c, ERR_IO, "%s: %s", cli_get(c, "listen") ? cli_get(c, "listen") : DEFAULT_LISTEN,
		    strerror(errno));
	make_address(room, at);
	enum err e = feed_new(&room->feed);
	room->cells = json_object();
	if (e == ERR_OK)
		e = room->cells ? packets_new(&room->packets) : ERR_NOMEM;
	if (e == ERR_OK)
		e = run(room, s, c->out, &w);
	else
		close(s);
	packets_free(room->packets);
	feed_free(room->feed);
	json_decref(room->cells);
	sodium_memzero(room->token, sizeof room->token);
	return e == ERR_OK ? EXIT_YES : cli_fail(c, e, "%s", w.text);
}

int verb_serve(struct cli *c)
{
	static struct classroom room;
	struct places places;
	struct endpoint at;
	struct why w = {""};
	int status = parse_listen(c, &at);
	if (status != EXIT_YES)
		return status;
	if (sodium_init() < 0)
		return cli_fail(c, ERR_UNSUPPORTED, "libsodium cannot be used");
	struct lab *lab = open_lab(c, &status);
	if (!lab)
		return status;
	lab_close(lab);
	if (places_find(&places, cli_get(c, "data"), &w) != ERR_OK)
		return cli_fail(c, ERR_IO, "%s", w.text);
	room = (struct classroom){.loop = uv_default_loop(), .lab = lab_name(c)};
	snprintf(room.bin, sizeof room.bin, "%s", places.bin);
	snprintf(room.data, sizeof room.data, "%s", places.data);
	find_worksheets(&room);
	status = serve_at(c, &room, &at);
	uv_loop_close(room.loop);
	return status;
}
