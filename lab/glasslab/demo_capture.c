/* Capturing the lab while a scene runs programs in it.
 *
 * Who opens a packet socket in a host has to join the lab's user namespace, and an ordinary user can't come
 * back from there: not to the network namespace either from which `glasslab exec` finds the lab. So a child
 * captures. It writes a pcapng file, which is whole after every packet; a byte on a socket asks it to write
 * all that was sent until now, a byte back says that it has. The scene then reads the file from where it
 * stopped reading. */
#include "demo_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK  'w'
#define DONE 'd'
#define FAIL 'f'

struct demo_capture {
	pid_t pid;
	int control; /* to the child */
	char path[4096];
	int memfd;     /* behind path where the user named no file; or -1 */
	uint64_t read; /* packets handed out so far */
	struct capture *file;
};

/* --- the child --- */

/* Writes one packet, with its summary as the comment. */
static enum err write_packet(struct pcapng *out, struct capture_packet *cp)
{
	char comment[256];
	struct packet p = cp->packet;

	packet_parse(&p);
	return pcapng_packet(out, cp, packet_summary(&p, comment, sizeof(comment)));
}

/* Answers the scene: everything up to now is in the file. */
static enum err write_all(struct capture *in, struct pcapng *out, int control)
{
	struct capture_packet cp;
	enum err e;
	char done = DONE;

	while ((e = capture_next(in, &cp, 0, -1)) == ERR_OK)
		if ((e = write_packet(out, &cp)) != ERR_OK)
			return e;
	if (e != ERR_TIMEOUT)
		return e;
	return write(control, &done, 1) == 1 ? ERR_OK : ERR_CLOSED;
}

static enum err capture_until_closed(struct capture *in, struct pcapng *out, int control)
{
	struct capture_packet cp;
	enum err e = ERR_OK;
	char asked;

	while (e == ERR_OK || e == ERR_TIMEOUT) {
		struct pollfd fd = {.fd = control, .events = POLLIN};
		e = capture_next(in, &cp, 100 * NS_PER_MS, control);
		if (e == ERR_OK)
			e = write_packet(out, &cp);
		if ((e != ERR_OK && e != ERR_TIMEOUT) || poll(&fd, 1, 0) <= 0)
			continue;
		if (read(control, &asked, 1) != 1)
			return ERR_OK; /* the scene is over */
		e = write_all(in, out, control);
	}
	return e;
}

/* Opens everything, says so (or why not), and captures. */
static enum err child(const char *lab_name, const char *path, int control)
{
	struct {
		char state, msg[256];
	} hello = {.state = FAIL};
	struct capture *in = NULL;
	struct pcapng *out = NULL;
	struct lab *lab = NULL;
	enum err e = lab_open(&lab, lab_name);

	if (e != ERR_OK)
		snprintf(hello.msg, sizeof(hello.msg), "the lab '%s': %s", lab_name, err_text(e));
	if (e == ERR_OK && (e = pcapng_create(&out, path)) != ERR_OK)
		snprintf(hello.msg, sizeof(hello.msg), "can't write %.200s: %s", path, strerror(errno));
	if (e == ERR_OK)
		e = capture_open_lab(&in, lab, NULL, 0, NULL, hello.msg);
	for (size_t i = 0; e == ERR_OK && i < capture_n_vantages(in); i++)
		e = pcapng_interface(out, capture_vantage(in, i));
	if (e == ERR_OK)
		hello.state = DONE;
	if (write(control, &hello, sizeof(hello)) == sizeof(hello) && e == ERR_OK)
		e = capture_until_closed(in, out, control);
	capture_close(in);
	if (pcapng_close(out) != ERR_OK && e == ERR_OK)
		e = ERR_IO;
	lab_close(lab);
	return e;
}

/* --- the scene's side --- */

static enum err start_child(struct demo_capture *c, const char *lab_name, char msg[static 256])
{
	struct {
		char state, msg[256];
	} hello = {.state = FAIL};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return ERR_IO;
	fflush(NULL);
	c->pid = fork();
	if (c->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		signal(SIGINT, SIG_IGN); /* Ctrl-C ends the scene, which ends this */
		close(pair[0]);
		_exit((int)err_exit(child(lab_name, c->path, pair[1])));
	}
	close(pair[1]);
	c->control = pair[0];
	if (c->pid < 0 || read(c->control, &hello, sizeof(hello)) != sizeof(hello) || hello.state != DONE) {
		snprintf(
		    msg, 256, "can't capture the lab's packets: %.200s", hello.msg[0] ? hello.msg : strerror(errno));
		return ERR_IO;
	}
	return ERR_OK;
}

enum err demo_capture_start(struct demo_capture **out, const char *lab_name, const char *path, char msg[static 256])
{
	struct demo_capture *c = calloc(1, sizeof(*c));

	*out = NULL;
	snprintf(msg, 256, "out of memory");
	if (!c)
		return ERR_NOMEM;
	c->control = c->memfd = -1;
	if (path) {
		snprintf(c->path, sizeof(c->path), "%s", path);
	} else {
		c->memfd = memfd_create("glasslab-scene", MFD_CLOEXEC);
		snprintf(c->path, sizeof(c->path), "/proc/%d/fd/%d", (int)getpid(), c->memfd);
	}
	enum err e = !path && c->memfd < 0 ? ERR_IO : start_child(c, lab_name, msg);
	if (e != ERR_OK) {
		demo_capture_stop(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void demo_capture_stop(struct demo_capture *c)
{
	if (!c)
		return;
	if (c->control >= 0)
		close(c->control);
	if (c->pid > 0)
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	capture_close(c->file);
	if (c->memfd >= 0)
		close(c->memfd);
	free(c);
}

enum err demo_capture_drain(struct demo_capture *c,
    void (*on_packet)(void *ctx, const struct capture *capture, const struct capture_packet *p), void *ctx)
{
	struct capture_packet cp;
	char byte = ASK, msg[256];
	uint64_t n = 0;

	if (write(c->control, &byte, 1) != 1 || read(c->control, &byte, 1) != 1 || byte != DONE)
		return ERR_CLOSED;
	capture_close(c->file);
	enum err e = capture_open_file(&c->file, c->path, NULL, msg);
	while (e == ERR_OK && (e = capture_next(c->file, &cp, 0, -1)) == ERR_OK)
		if (++n > c->read)
			on_packet(ctx, c->file, &cp);
	c->read = n;
	return e == ERR_CLOSED ? ERR_OK : e;
}
