/* The classroom: a page on this machine with the lab's map, what passes on its links, and its worksheets.
 * One thread, one loop (libuv); libmicrohttpd speaks http, glasslab and pktview do the work as programs of their own:
 * whatever the page shows, a learner can type. */
#ifndef GLASSLAB_CLASSROOM_H
#define GLASSLAB_CLASSROOM_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "glassnet/err.h"
#include "glassnet/lab.h"
#include "why.h"

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

struct classroom;

/* --- classroom_job.c: a program, line by line */

#define JOB_MAX_ARGS 16
#define JOB_MAX_LINE (4U << 20) /* octets; a longer line is left out */

struct job;
struct job_calls {
	void (*line)(void *ctx, const char *line, size_t len); /* of stdout, without its newline; or NULL */
	/* It has ended: status as a shell has it; said: the first 4,095 octets of its stderr. The job is gone after it. */
	void (*end)(void *ctx, int status, const char *said);
};

/* Starts PROGRAM of Glassnet's own folder; the NULL-terminated args follow its name. ctx is borrowed until end().
 * ERR_IO and why when it cannot be started. */
enum err job_start(struct job **out, struct classroom *room, const char *program, const char *const args[],
    const struct job_calls *calls, void *ctx, struct why *w) MUST_USE;
void job_stop(struct job *job);            /* asks it to end (SIGTERM); end() follows */
void job_stop_all(struct classroom *room); /* … all of them */
bool job_any(const struct classroom *room);

/* --- classroom_feed.c: server-sent events (WHATWG HTML 9.2) to every page that is open */

struct feed;
enum err feed_new(struct feed **out) MUST_USE;
void feed_free(struct feed *feed);
/* A listener's endless response; NULL: too many listen already. It is gone when its connection is. */
struct MHD_Response *feed_listen(struct feed *feed, struct MHD_Connection *connection);
/* Queues one event for everybody. A page that does not keep up loses what it has no room for, and is told so. */
void feed_send(struct feed *feed, const char *event, const json_t *data);
void feed_beat(struct feed *feed);  /* a comment line: shows whether they are still there */
void feed_close(struct feed *feed); /* ends every listener's response */
size_t feed_n(const struct feed *feed);

/* --- classroom_packets.c: what passed lately */

struct packets;
enum err packets_new(struct packets **out) MUST_USE;
void packets_free(struct packets *p);
/* Takes one line of `pktview live --hops --json`. Returns the summary of a packet that is complete by it, to be sent
 * to the pages (caller owns it), or NULL. */
json_t *packets_line(struct packets *p, const char *line, size_t len);
/* Packet id as an array of trace events: the message, what routers changed, its fields; the caller owns it. NULL: it
 * is not kept (any more). */
json_t *packets_detail(const struct packets *p, uint64_t id);
/* The last ones' summaries, oldest first; the caller owns the array. */
json_t *packets_recent(const struct packets *p);

/* --- classroom_http.c */

struct classroom {
	uv_loop_t *loop;
	struct MHD_Daemon *http;
	uv_poll_t http_fd;
	uv_timer_t http_timer, beat;
	uv_signal_t on_int, on_term;
	const char *lab; /* its name */
	char bin[PATH_MAX], data[PATH_MAX], worksheets[PATH_MAX];
	char token[65];        /* hexadecimal, 32 octets of chance; the page's address has it */
	char authority[2][64]; /* what Host and Origin may name: 127.0.0.1:8080, localhost:8080 */
	struct feed *feed;
	struct packets *packets;
	struct job *jobs;      /* all that run */
	struct job *listening; /* pktview */
	struct job *scene, *check;
	char scene_name[32];
	json_t *cells; /* of the matrix, as last measured: by their ids */
	unsigned check_number;
	bool stopping;
};

enum err http_start(struct classroom *room, int listening, struct why *w) MUST_USE;
void http_stop(struct classroom *room);
void http_wake(struct classroom *room); /* there is something for a connection that waits */

/* --- classroom_host.c: what a host has, and requests that wait for it */

#define WAITING_TEXT_MAX (256U << 10) /* octets of one program's output; what is longer is left out */

/* A request that waits for programs to end. */
struct waiting {
	struct classroom *room;
	struct MHD_Connection *connection;
	json_t *reply; /* set before resuming; owned */
	unsigned step;
	char host[LAB_HOST_MAX];
	bool done;
	char *text; /* stdout of the program that runs, up to WAITING_TEXT_MAX */
	size_t text_len;
};

void waiting_line(void *ctx, const char *line, size_t len); /* for struct job_calls: keeps it in text */
void waiting_finish(struct waiting *w);                     /* the reply is there */

/* Starts what makes the reply and suspends the connection. False: that cannot be (no such host, no memory). */
bool host_tables_start(struct waiting *w);

/* --- classroom_work.c: scenes and worksheets */

bool facts_start(struct waiting *w); /* as host_tables_start(): the lab's facts as they are now */
enum err scene_start(struct classroom *room, const char *name, struct why *w) MUST_USE;
/* The matrix of attacks and protections, or one cell of it in detail ("": all). */
enum err matrix_start(struct classroom *room, const char *cell, struct why *w) MUST_USE;
enum err check_start(struct classroom *room, unsigned number, struct why *w) MUST_USE;
enum err begin_start(struct classroom *room, unsigned number, struct why *w) MUST_USE; /* glasslab start */
json_t *worksheet_list(const struct classroom *room);
/* One worksheet as HTML, made from its Markdown by cmark; NULL: there is none. The caller frees it. */
char *worksheet_html(const struct classroom *room, unsigned number);

/* --- classroom_assets.c: the page's files, built in */

extern const char classroom_html[], classroom_html_end[];
extern const char classroom_css[], classroom_css_end[];
extern const char classroom_js[], classroom_js_end[];

#endif
