/* Frames over a socket. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "glassnet/dh.h"

enum err dh_link_take(struct dh_link *l, uint8_t frame[static DH_FRAME_MAX], size_t *len)
{
	size_t whole;
	enum err e = dh_frame(l->buf, l->len, &whole);

	if (e != ERR_OK)
		return e;
	memcpy(frame, l->buf, whole);
	*len = whole;
	l->len -= whole;
	memmove(l->buf, l->buf + whole, l->len);
	return ERR_OK;
}

enum err dh_link_fill(struct dh_link *l)
{
	ssize_t n = recv(l->fd, l->buf + l->len, sizeof(l->buf) - l->len, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_OK : errno == ECONNRESET ? ERR_CLOSED : ERR_NET;
	if (n == 0)
		return ERR_CLOSED;
	l->len += (size_t)n;
	return ERR_OK;
}

enum err dh_link_receive(struct dh_link *l, struct deadline d, uint8_t frame[static DH_FRAME_MAX], size_t *len)
{
	enum err e;

	while ((e = dh_link_take(l, frame, len)) == ERR_TRUNCATED) {
		if ((e = net_wait(l->fd, POLLIN, d)) != ERR_OK || (e = dh_link_fill(l)) != ERR_OK)
			return e;
	}
	return e;
}

enum err dh_link_send(const struct dh_link *l, struct deadline d, const uint8_t *frame, size_t len)
{
	while (len > 0) {
		ssize_t n = send(l->fd, frame, len, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			enum err e = net_wait(l->fd, POLLOUT, d);
			if (e != ERR_OK)
				return e;
			continue;
		}
		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_NET;
		frame += n;
		len -= (size_t)n;
	}
	return ERR_OK;
}
