/* The process that keeps a lab's packets while a worksheet is open.
 *
 * It listens on an abstract unix socket, whose name is its lock: one at a time for a worksheet of this user and this
 * folder. 's' asks it to write all that was sent until now, 'q' to end; it answers with the same octet. The file is
 * whole after every packet, so whatever ends the process, what it saw is kept. */
#include "sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "glassnet/capture.h"

#define SYNC 's'
#define QUIT 'q'

static socklen_t address(struct sockaddr_un *out, unsigned number)
{
	char folder[PATH_MAX] = "", hex[33];
	uint8_t hash[16];
	struct why w;

	(void)!state_folder(folder, &w);
	crypto_generichash(hash, sizeof hash, (const uint8_t *)folder, strlen(folder), NULL, 0);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	int n = snprintf(out->sun_path + 1, sizeof out->sun_path - 1, "glassnet-worksheet-%u-%s-%u",
	    (unsigned)geteuid(), hex, number);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

/* --- the process */

struct keeper {
	struct capture *in;
	struct pcapng *out;
	const char *path;
	int listener;
	bool quit;
};

static enum err keep_packet(struct keeper *k, struct capture_packet *cp)
{
	char comment[256];
	struct packet p = cp->packet;
	struct stat st;

	packet_parse(&p);
	enum err e = pcapng_packet(k->out, cp, packet_summary(&p, comment, sizeof comment));
	if (e == ERR_OK && stat(k->path, &st) == 0 && st.st_size > KEEP_MAX)
		e = ERR_TOO_LONG;
	return e;
}

static enum err keep_waiting(struct keeper *k)
{
	struct capture_packet cp;
	enum err e;

	while ((e = capture_next(k->in, &cp, 0, -1)) == ERR_OK)
		if ((e = keep_packet(k, &cp)) != ERR_OK)
			return e;
	return e == ERR_TIMEOUT ? ERR_OK : e;
}

static void answer_one(struct keeper *k)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	char asked = 0;
	int fd = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && poll(&p, 1, 1000) == 1 &&
	    read(fd, &asked, 1) == 1 && (asked == SYNC || asked == QUIT)) {
		k->quit = asked == QUIT;
		(void)!keep_waiting(k);
		(void)!write(fd, &asked, 1);
	}
	close(fd);
}

static void keep_on(struct keeper *k)
{
	struct capture_packet cp;
	enum err e = ERR_OK;

	while (!k->quit && (e == ERR_OK || e == ERR_TIMEOUT)) {
		struct pollfd p = {.fd = k->listener, .events = POLLIN};
		e = capture_next(k->in, &cp, 10 * NS_PER_S, k->listener);
		if (e == ERR_OK)
			e = keep_packet(k, &cp);
		if (poll(&p, 1, 0) == 1)
			answer_one(k);
	}
}

/* Of what the parent had open (a file of -o, a pipe) the child keeps nothing but these two. */
static void keep_only(int *listener, int *report)
{
	int l = fcntl(*listener, F_DUPFD_CLOEXEC, 100), r = fcntl(*report, F_DUPFD_CLOEXEC, 100);

	if (l < 0 || r < 0)
		return;
	for (int fd = 3; fd < 100; fd++)
		close(fd);
	*listener = l;
	*report = r;
}

struct hello {
	enum err err;
	char text[256];
};

static void child(const char *lab_name, const char *path, int listener, int report)
{
	struct hello h = {0};
	struct lab *lab = NULL;

	keep_only(&listener, &report);
	struct keeper k = {.path = path, .listener = listener};
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	h.err = lab_open(&lab, lab_name);
	if (h.err != ERR_OK)
		snprintf(h.text, sizeof h.text, "the lab '%s': %s", lab_name, err_text(h.err));
	if (h.err == ERR_OK && (h.err = pcapng_create(&k.out, path)) != ERR_OK)
		snprintf(h.text, sizeof h.text, "can't write the packets: %s", strerror(errno));
	if (h.err == ERR_OK)
		h.err = capture_open_lab(&k.in, lab, NULL, 0, NULL, h.text);
	for (size_t i = 0; h.err == ERR_OK && i < capture_n_vantages(k.in); i++)
		h.err = pcapng_interface(k.out, capture_vantage(k.in, i));
	if (h.err == ERR_OK)
		h.err = capture_copy_meta(k.in, k.out);
	bool told = write(report, &h, sizeof h) == sizeof h;
	close(report);
	if (told && h.err == ERR_OK) {
		int null = open("/dev/null", O_RDWR);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		keep_on(&k);
	}
	capture_close(k.in);
	(void)!pcapng_close(k.out);
	lab_close(lab);
}

/* --- from outside */

enum err keep_start(const char *lab_name, unsigned number, const char *path, struct why *w)
{
	struct sockaddr_un sa;
	socklen_t len = address(&sa, number);
	struct hello h = {.err = ERR_INTERNAL};
	int ends[2], listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0 || bind(listener, (struct sockaddr *)&sa, len) != 0 || listen(listener, 4) != 0 ||
	    pipe2(ends, O_CLOEXEC) != 0) {
		enum err e = errno == EADDRINUSE ? ERR_NEGATIVE : ERR_IO;
		why_errno(w, e, "nobody can keep the packets");
		if (listener >= 0)
			close(listener);
		return e;
	}
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child(lab_name, path, listener, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	close(listener);
	if (pid < 0 || read(ends[0], &h, sizeof h) != sizeof h)
		snprintf(h.text, sizeof h.text, "the process that keeps the packets did not start");
	close(ends[0]);
	return h.err == ERR_OK ? ERR_OK : why(w, h.err, "%s", h.text);
}

static bool ask(unsigned number, char what)
{
	struct sockaddr_un sa;
	socklen_t len = address(&sa, number);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char got = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&sa, len) == 0 && write(fd, &what, 1) == 1 &&
	          poll(&p, 1, 10000) == 1 && read(fd, &got, 1) == 1 && got == what;

	if (fd >= 0)
		close(fd);
	return ok;
}

bool keep_sync(unsigned number)
{
	return ask(number, SYNC);
}

void keep_stop(unsigned number)
{
	(void)ask(number, QUIT);
}
