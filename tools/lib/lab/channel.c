#include "glassnet/lab_channel.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

socklen_t channel_address(struct sockaddr_un *out, uid_t uid, const char *lab)
{
	memset(out, 0, sizeof *out);
	out->sun_family = AF_UNIX;
	/* sun_path[0] stays NUL: abstract, so that no file can be left behind. */
	int n = snprintf(out->sun_path + 1, sizeof out->sun_path - 1, "glassnet-lab/%ju/%s", (uintmax_t)uid, lab);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

enum err channel_send(int sock, const json_t *message, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * CHANNEL_MAX_FDS)];
	} control = {0};
	char *text = json_dumps(message, JSON_COMPACT);
	if (!text)
		return ERR_NOMEM;
	struct iovec iov = {text, strlen(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	if (n_fds > CHANNEL_MAX_FDS)
		n_fds = CHANNEL_MAX_FDS;
	if (n_fds) {
		m.msg_control = control.buf;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	ssize_t n;
	do
		n = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	free(text);
	return n < 0 ? ERR_IO : ERR_OK;
}

static size_t take_fds(struct msghdr *m, int fds[static CHANNEL_MAX_FDS])
{
	size_t got = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
			if (got < CHANNEL_MAX_FDS)
				fds[got++] = fd;
			else
				close(fd);
		}
	}
	return got;
}

enum err channel_receive(int sock, json_t **message, int fds[static CHANNEL_MAX_FDS], size_t *n_fds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * CHANNEL_MAX_FDS)];
	} control = {0};
	*message = NULL;
	*n_fds = 0;
	ssize_t size;
	do
		size = recv(sock, NULL, 0, MSG_PEEK | MSG_TRUNC);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_TIMEOUT : ERR_CLOSED;
	if (size == 0)
		return ERR_CLOSED;
	if ((size_t)size > CHANNEL_MAX)
		return ERR_TOO_LONG;
	char *text = malloc((size_t)size);
	if (!text)
		return ERR_NOMEM;
	struct iovec iov = {text, (size_t)size};
	struct msghdr m = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof control.buf};
	ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	enum err e = ERR_CLOSED;
	if (n > 0) {
		*n_fds = take_fds(&m, fds);
		*message = json_loadb(text, (size_t)n, 0, NULL);
		e = json_is_object(*message) ? ERR_OK : ERR_FORMAT;
	}
	free(text);
	if (e != ERR_OK) {
		for (size_t i = 0; i < *n_fds; i++)
			close(fds[i]);
		*n_fds = 0;
		json_decref(*message);
		*message = NULL;
	}
	return e;
}
