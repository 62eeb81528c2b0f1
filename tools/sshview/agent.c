/* Talking to ssh-agent. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"

enum {
	AGENT_REQUEST_IDENTITIES = 11,
	AGENT_IDENTITIES = 12,
	AGENT_SIGN = 13,
	AGENT_SIGNATURE = 14,
	AGENT_RSA_SHA2_256 = 2, /* flags of a signature */
	AGENT_RSA_SHA2_512 = 4,
	AGENT_MESSAGE_MAX = 256 * 1024
};

enum err agent_open(struct agent *a, const char *socket_path, struct deadline d)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	*a = (struct agent){.fd = -1, .deadline = d};
	if (!socket_path || strlen(socket_path) >= sizeof(sa.sun_path))
		return ERR_NET;
	strcpy(sa.sun_path, socket_path);
	a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->fd < 0 || connect(a->fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		agent_close(a);
		return ERR_REFUSED;
	}
	return ERR_OK;
}

void agent_close(struct agent *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

static enum err move(struct agent *a, uint8_t *p, size_t n, bool out)
{
	for (size_t done = 0; done < n;) {
		enum err e = net_wait(a->fd, out ? POLLOUT : POLLIN, a->deadline);
		if (e != ERR_OK)
			return e;
		ssize_t k = out ? write(a->fd, p + done, n - done) : read(a->fd, p + done, n - done);
		if (k < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (k <= 0)
			return ERR_CLOSED;
		done += (size_t)k;
	}
	return ERR_OK;
}

/* One question, one answer. */
static enum err ask(struct agent *a, const struct sbuf *question, struct sbuf *answer)
{
	struct sbuf q = {0};
	uint8_t head[4];

	sbuf_string(&q, question->p, question->len);
	enum err e = question->bad || q.bad ? ERR_NOMEM : move(a, q.p, q.len, true);
	sbuf_release(&q);
	if (e == ERR_OK)
		e = move(a, head, sizeof(head), false);
	if (e != ERR_OK)
		return e;
	struct rd r = rd_init(head, sizeof(head));
	uint32_t n = rd_u32(&r);
	if (n < 1 || n > AGENT_MESSAGE_MAX)
		return ERR_FORMAT;
	uint8_t *to = sbuf_grow(answer, n);
	return to ? move(a, to, n, false) : ERR_NOMEM;
}

enum err agent_parse_keys(const uint8_t *p, size_t len, struct agent_key out[static AGENT_KEYS_MAX], size_t *n)
{
	struct rd r = rd_init(p, len);
	size_t blob_len, text_len, at;

	*n = 0;
	if (rd_u8(&r) != AGENT_IDENTITIES)
		return r.bad ? ERR_TRUNCATED : ERR_NEGATIVE;
	uint32_t count = rd_u32(&r);
	for (uint32_t i = 0; i < count && !r.bad && *n < AGENT_KEYS_MAX; i++) {
		const uint8_t *blob = rd_string(&r, &blob_len), *text = rd_string(&r, &text_len);
		struct agent_key *k = &out[*n];
		if (r.bad || sshkey_parse(&k->key, blob, blob_len, &at) != ERR_OK)
			continue; /* of a type that we can't use */
		escape_text(k->comment, sizeof(k->comment), text, text_len);
		(*n)++;
	}
	if (!r.bad)
		return ERR_OK;
	while (*n)
		sshkey_release(&out[--*n].key);
	return ERR_TRUNCATED;
}

enum err agent_list(struct agent *a, struct agent_key out[static AGENT_KEYS_MAX], size_t *n)
{
	struct sbuf q = {0}, answer = {0};

	*n = 0;
	sbuf_u8(&q, AGENT_REQUEST_IDENTITIES);
	enum err e = ask(a, &q, &answer);
	if (e == ERR_OK)
		e = agent_parse_keys(answer.p, answer.len, out, n);
	sbuf_release(&q);
	sbuf_release(&answer);
	return e;
}

enum err agent_parse_signature(const uint8_t *p, size_t len, struct sbuf *out)
{
	struct rd r = rd_init(p, len);
	size_t n;

	if (rd_u8(&r) != AGENT_SIGNATURE)
		return r.bad ? ERR_TRUNCATED : ERR_NEGATIVE;
	const uint8_t *sig = rd_string(&r, &n);
	if (!sig || rd_left(&r))
		return ERR_FORMAT;
	sbuf_bytes(out, sig, n);
	return out->bad ? ERR_NOMEM : ERR_OK;
}

enum err agent_sign(
    struct agent *a, const struct sshkey *key, const char *alg, const uint8_t *data, size_t len, struct sbuf *out)
{
	struct sbuf q = {0}, answer = {0};

	sbuf_u8(&q, AGENT_SIGN);
	sbuf_string(&q, key->blob, key->len);
	sbuf_string(&q, data, len);
	sbuf_u32(&q, strcmp(alg, "rsa-sha2-256") == 0   ? AGENT_RSA_SHA2_256
	             : strcmp(alg, "rsa-sha2-512") == 0 ? AGENT_RSA_SHA2_512
	                                                : 0);
	enum err e = ask(a, &q, &answer);
	if (e == ERR_OK)
		e = agent_parse_signature(answer.p, answer.len, out);
	sbuf_release(&q);
	sbuf_release(&answer);
	return e;
}
