/* Programs that the classroom runs: their lines come back through the loop. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classroom.h"

#define SAID_MAX 4096

struct job {
	struct classroom *room;
	struct job *next, *before;
	uv_process_t process;
	uv_pipe_t out, err;
	unsigned open; /* handles that are not closed yet */
	const struct job_calls *calls;
	void *ctx;
	int status;
	char *line; /* what has come of a line */
	size_t len, cap;
	bool too_long; /* the rest of it is passed over */
	char said[SAID_MAX];
	size_t said_len;
};

static void unlink_job(struct job *j)
{
	if (j->next)
		j->next->before = j->before;
	*(j->before ? &j->before->next : &j->room->jobs) = j->next;
}

static void closed(uv_handle_t *handle)
{
	struct job *j = handle->data;
	if (--j->open)
		return;
	unlink_job(j);
	j->said[j->said_len] = '\0';
	j->calls->end(j->ctx, j->status, j->said);
	free(j->line);
	free(j);
}

static void ended(uv_process_t *process, int64_t status, int sig)
{
	struct job *j = process->data;
	j->status = sig ? 128 + sig : (int)status;
	uv_close((uv_handle_t *)process, closed);
}

static void give_space(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char space[65536]; /* used up before the next read */
	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(space, sizeof space);
}

/* Adds to the line. False: no memory, or too long; the line is then lost as a whole. */
static bool keep(struct job *j, const char *p, size_t n)
{
	if (j->too_long || n > JOB_MAX_LINE - j->len)
		return false;
	if (j->len + n > j->cap) {
		size_t cap = 2 * (j->len + n);
		char *line = realloc(j->line, cap);
		if (!line)
			return false;
		j->line = line;
		j->cap = cap;
	}
	memcpy(j->line + j->len, p, n);
	j->len += n;
	return true;
}

static void take(struct job *j, const char *p, size_t n)
{
	while (n) {
		const char *end = memchr(p, '\n', n);
		size_t part = end ? (size_t)(end - p) : n;
		if (part && !keep(j, p, part))
			j->too_long = true;
		if (end && !j->too_long && j->calls->line)
			j->calls->line(j->ctx, j->line ? j->line : "", j->len);
		if (end) {
			j->len = 0;
			j->too_long = false;
			part++;
		}
		p += part;
		n -= part;
	}
}

static void read_out(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct job *j = stream->data;
	if (n > 0)
		take(j, buf->base, (size_t)n);
	else if (n < 0)
		uv_close((uv_handle_t *)stream, closed);
}

static void read_err(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct job *j = stream->data;
	if (n < 0) {
		uv_close((uv_handle_t *)stream, closed);
		return;
	}
	size_t room = SAID_MAX - 1 - j->said_len;
	size_t part = (size_t)n < room ? (size_t)n : room;
	memcpy(j->said + j->said_len, buf->base, part);
	j->said_len += part;
}

static int spawn(struct job *j, const char *path, const char *program, const char *const args[])
{
	const char *argv[JOB_MAX_ARGS + 2] = {program};
	for (size_t i = 0; args[i] && i < JOB_MAX_ARGS; i++)
		argv[i + 1] = args[i];
	uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE},
	    {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&j->out},
	    {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&j->err}};
	uv_process_options_t o = {.file = path, .exit_cb = ended, .stdio = stdio, .stdio_count = 3};
	o.args = (char **)(uintptr_t)argv; /* uv_spawn changes none of it */
	return uv_spawn(j->room->loop, &j->process, &o);
}

static void never_ran(void *ctx, int status, const char *said)
{
	(void)ctx;
	(void)status;
	(void)said;
}

enum err job_start(struct job **out, struct classroom *room, const char *program, const char *const args[],
    const struct job_calls *calls, void *ctx, struct why *w)
{
	static const struct job_calls silent = {.end = never_ran};
	char path[PATH_MAX + 64];
	struct job *j = calloc(1, sizeof *j);
	if (!j)
		return why(w, ERR_NOMEM, "no memory to run %s", program);
	*j = (struct job){.room = room, .calls = calls, .ctx = ctx, .open = 3, .next = room->jobs};
	if (j->next)
		j->next->before = j;
	room->jobs = j;
	uv_pipe_init(room->loop, &j->out, 0);
	uv_pipe_init(room->loop, &j->err, 0);
	j->process.data = j->out.data = j->err.data = j;
	snprintf(path, sizeof path, "%s/%s", room->bin, program);
	int e = spawn(j, path, program, args);
	if (e < 0) { /* the handles are closed by the loop; nobody else hears of it */
		j->calls = &silent;
		uv_close((uv_handle_t *)&j->process, closed);
		uv_close((uv_handle_t *)&j->out, closed);
		uv_close((uv_handle_t *)&j->err, closed);
		return why(w, ERR_IO, "%s cannot be started: %s", path, uv_strerror(e));
	}
	uv_read_start((uv_stream_t *)&j->out, give_space, read_out);
	uv_read_start((uv_stream_t *)&j->err, give_space, read_err);
	if (out)
		*out = j;
	return ERR_OK;
}

void job_stop(struct job *j)
{
	if (!uv_is_closing((uv_handle_t *)&j->process))
		uv_process_kill(&j->process, SIGTERM);
}

void job_stop_all(struct classroom *room)
{
	for (struct job *j = room->jobs; j; j = j->next)
		job_stop(j);
}

bool job_any(const struct classroom *room)
{
	return room->jobs != NULL;
}
