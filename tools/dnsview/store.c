#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAVE_EVERY_MS 2000
#define LINE_MAX_LEN  (DNAME_TEXT + 32)
#define CALLERS_MAX   16
#define WAIT_S        20

struct caller {
	uv_pipe_t pipe;
	uv_write_t write;
	struct caller *next;
	struct store *s;
	bool waits, closing;
	size_t n;
	char line[LINE_MAX_LEN], reply[64];
};

struct store {
	uv_loop_t *loop;
	struct cli *c;
	const struct kept_cache *kept;
	struct resolver *r;
	const int64_t *offset_ns;
	uint64_t saved; /* lookups when the file was written */
	pid_t child;    /* 0: none */
	bool again;     /* somebody wants it written once more */
	uv_timer_t timer;
	uv_signal_t exited;
	uv_pipe_t listener;
	int folder; /* of the file: the socket's path may be too long for its address */
	char address[108];
	unsigned n_callers;
	struct caller *callers;
};

/* The address of the socket beside a file, by way of its folder's descriptor. */
static bool address_of(char out[static 108], const char *path, int *folder)
{
	char dir[CACHE_PATH_MAX];
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 2, slash ? path : "./");
	*folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*folder < 0)
		return false;
	return snprintf(out, 108, "/proc/self/fd/%d/%s.sock", *folder, name) < 108;
}

/* --- writing the file ---------------------------------------------------------------------------- */

static void child_writes(struct store *s)
{
	(void)close_range(3, ~0u, 0); /* what clients wait for must not stay open because of us */
	_exit(kept_cache_save(s->c, s->kept, s->r->cache, *s->offset_ns));
}

static void answer_callers(struct store *s);

/* Begins to write, unless that is going on. */
static void save(struct store *s)
{
	s->again = s->child > 0;
	if (s->child)
		return;
	s->saved = s->r->lookups;
	s->child = fork();
	if (s->child == 0)
		child_writes(s);
	if (s->child < 0) {
		s->child = 0;
		(void)kept_cache_save(s->c, s->kept, s->r->cache, *s->offset_ns);
		answer_callers(s);
	}
}

static void on_exited(uv_signal_t *sig, int number)
{
	struct store *s = sig->data;
	(void)number;
	if (!s->child || waitpid(s->child, NULL, WNOHANG) != s->child)
		return;
	s->child = 0;
	if (s->again)
		save(s);
	else
		answer_callers(s);
}

static void on_time(uv_timer_t *t)
{
	struct store *s = t->data;
	if (s->r->lookups != s->saved)
		save(s);
}

/* --- callers ------------------------------------------------------------------------------------- */

static void caller_closed(uv_handle_t *h)
{
	free(h->data);
}

static void caller_end(struct caller *c)
{
	struct caller **link = &c->s->callers;
	if (c->closing)
		return;
	c->closing = true;
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	c->s->n_callers--;
	uv_close((uv_handle_t *)&c->pipe, caller_closed);
}

static void on_written(uv_write_t *w, int status)
{
	(void)status;
	caller_end(w->data);
}

static void reply(struct caller *c)
{
	uv_buf_t buf = uv_buf_init(c->reply, (unsigned)strlen(c->reply));
	c->waits = false;
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &buf, 1, on_written) != 0)
		caller_end(c);
}

/* The file is as new as they asked for. */
static void answer_callers(struct store *s)
{
	for (struct caller *c = s->callers, *next; c; c = next) {
		next = c->next;
		if (c->waits)
			reply(c);
	}
}

/* "sync", "forget", "forget NAME": done at once; the answer comes when the file does not say otherwise. */
static void obey(struct caller *c)
{
	struct store *s = c->s;
	struct dname name;
	const char *why;
	size_t gone = 0;
	int64_t now = clock_now(s->r->clock);
	strcpy(c->reply, "ok 0\n");
	if (strcmp(c->line, "forget") == 0)
		gone = cache_forget(s->r->cache, NULL, now);
	else if (strncmp(c->line, "forget ", 7) == 0 && dname_parse(&name, c->line + 7, &why) == ERR_OK)
		gone = cache_forget(s->r->cache, &name, now);
	else if (strcmp(c->line, "sync") != 0)
		strcpy(c->reply, "what?\n");
	if (strncmp(c->line, "forget", 6) == 0 && c->reply[0] == 'o') {
		snprintf(c->reply, sizeof(c->reply), "ok %zu\n", gone);
		ev_state(s->r->narrator.trace, "cache", c->line[6] ? c->line + 7 : ".", "known", NULL,
		    "%zu entries are forgotten: somebody asked for it", gone);
	}
	c->waits = true;
	save(s);
}

static void on_alloc(uv_handle_t *h, size_t wanted, uv_buf_t *buf)
{
	struct caller *c = h->data;
	(void)wanted;
	*buf = uv_buf_init(c->line + c->n, (unsigned)(sizeof(c->line) - 1 - c->n));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct caller *c = stream->data;
	(void)buf;
	if (n < 0 || c->n + (size_t)n >= sizeof(c->line) - 1) {
		caller_end(c);
		return;
	}
	c->n += (size_t)n;
	c->line[c->n] = '\0';
	char *newline = strchr(c->line, '\n');
	if (!newline)
		return;
	*newline = '\0';
	uv_read_stop(stream);
	obey(c);
}

static void on_caller(uv_stream_t *listener, int status)
{
	struct store *s = listener->data;
	struct caller *c = status < 0 ? NULL : calloc(1, sizeof(*c));
	if (!c)
		return;
	c->s = s;
	c->pipe.data = c;
	uv_pipe_init(s->loop, &c->pipe, 0);
	c->next = s->callers;
	s->callers = c;
	if (uv_accept(listener, (uv_stream_t *)&c->pipe) != 0 || ++s->n_callers > CALLERS_MAX)
		caller_end(c);
	else
		uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
}

/* --- its life ------------------------------------------------------------------------------------ */

/* A socket that a server left behind when it was killed is in the way. */
static enum err listen_beside(struct store *s)
{
	if (!address_of(s->address, s->kept->path, &s->folder)) {
		errno = errno ? errno : ENAMETOOLONG;
		return ERR_IO;
	}
	if (store_ask_sync(s->kept->path) != ERR_NEGATIVE) {
		errno = EADDRINUSE;
		return ERR_IO;
	}
	unlink(s->address);
	mode_t mask = umask(0177);
	int rc = uv_pipe_bind(&s->listener, s->address);
	umask(mask);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&s->listener, CALLERS_MAX, on_caller);
	if (rc != 0)
		errno = -rc;
	return rc == 0 ? ERR_OK : ERR_IO;
}

enum err store_open(struct store **out, uv_loop_t *loop, struct cli *c, const struct kept_cache *kept,
    struct resolver *r, const int64_t *offset_ns)
{
	struct store *s = calloc(1, sizeof(*s));
	*out = s;
	if (!s)
		return ERR_NOMEM;
	*s = (struct store){
	    .loop = loop, .c = c, .kept = kept, .r = r, .offset_ns = offset_ns, .saved = r->lookups, .folder = -1};
	uv_timer_init(loop, &s->timer);
	uv_signal_init(loop, &s->exited);
	uv_pipe_init(loop, &s->listener, 0);
	s->timer.data = s->exited.data = s->listener.data = s;
	uv_signal_start(&s->exited, on_exited, SIGCHLD);
	uv_timer_start(&s->timer, on_time, SAVE_EVERY_MS, SAVE_EVERY_MS);
	return listen_beside(s);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->child)
		waitpid(s->child, NULL, 0);
	s->child = 0;
	if (s->r->lookups != s->saved || s->again)
		(void)kept_cache_save(s->c, s->kept, s->r->cache, *s->offset_ns);
	while (s->callers)
		caller_end(s->callers);
	uv_close((uv_handle_t *)&s->timer, NULL);
	uv_close((uv_handle_t *)&s->exited, NULL);
	uv_close((uv_handle_t *)&s->listener, NULL); /* libuv removes the socket's name, too */
}

void store_free(struct store *s)
{
	if (s && s->folder >= 0)
		close(s->folder);
	free(s);
}

/* --- the other side ------------------------------------------------------------------------------ */

static enum err connect_to(int fd, const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = WAIT_S};
	int folder = -1;
	_Static_assert(sizeof(sa.sun_path) >= 108, "the address has room");
	bool ok = address_of(sa.sun_path, path, &folder) && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;
	if (folder >= 0)
		close(folder);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return ok ? ERR_OK : ERR_NEGATIVE;
}

static enum err ask(const char *path, const char *line, size_t *gone)
{
	char answer[64];
	size_t n = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum err e = fd < 0 ? ERR_IO : connect_to(fd, path);
	if (!e && send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		e = ERR_CLOSED;
	while (!e && n < sizeof(answer) - 1 && !memchr(answer, '\n', n)) {
		ssize_t got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0);
		if (got <= 0)
			e = got < 0 && errno == EAGAIN ? ERR_TIMEOUT : ERR_CLOSED;
		else
			n += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	answer[n] = '\0';
	if (!e && sscanf(answer, "ok %zu", gone) != 1)
		e = ERR_FORMAT;
	return e;
}

enum err store_ask_sync(const char *path)
{
	size_t gone;
	return ask(path, "sync\n", &gone);
}

enum err store_ask_forget(const char *path, const struct dname *name, size_t *gone)
{
	char text[DNAME_TEXT], line[LINE_MAX_LEN];
	*gone = 0;
	if (!name)
		return ask(path, "forget\n", gone);
	snprintf(line, sizeof(line), "forget %s\n", dname_text(text, name));
	return ask(path, line, gone);
}
