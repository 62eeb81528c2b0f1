/* The transport: octets in and out, version lines, messages (RFC 4253 4, 6, 11). */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kex.h"
#include "tell.h"

#define READ_SIZE    32768
#define REKEY_OCTETS ((uint64_t)1 << 30)
#define SOFTWARE     "Glassnet_" GLASSNET_VERSION

enum err sshtr_fail(struct sshtr *tr, enum err e, const char *id, const char *fmt, ...)
{
	va_list ap;

	if (tr->err != ERR_OK)
		return e;
	va_start(ap, fmt);
	vsnprintf(tr->why, sizeof(tr->why), fmt, ap);
	va_end(ap);
	tr->err = e;
	tr->why_id = id;
	return e;
}

static enum err failed_wait(struct sshtr *tr, enum err e, const char *doing)
{
	if (e == ERR_NET && errno == EINTR)
		return sshtr_fail(tr, e, "interrupted", "interrupted");
	if (e == ERR_TIMEOUT)
		return sshtr_fail(tr, e, "timeout", "%s %s in time (a longer --timeout?)", tr->o.peer, doing);
	return sshtr_fail(tr, e, "connection-failed", "the connection to %s failed: %s", tr->o.peer, strerror(errno));
}

void sshtr_init(struct sshtr *tr, const struct sshtr_options *o)
{
	*tr = (struct sshtr){.o = *o};
	if (!tr->o.rekey_octets)
		tr->o.rekey_octets = REKEY_OCTETS;
	snprintf(tr->version[0], sizeof(tr->version[0]), "SSH-2.0-%s", o->software ? o->software : SOFTWARE);
}

void sshtr_release(struct sshtr *tr)
{
	sshdir_release(&tr->out);
	sshdir_release(&tr->in);
	sbuf_release(&tr->raw);
	sbuf_release(&tr->queue);
	sbuf_release(&tr->payload);
	for (size_t i = 0; i < 2; i++)
		sbuf_release(&tr->kexinit[i]);
	for (size_t i = tr->pending_at; i < tr->n_pending; i++)
		sbuf_release(&tr->pending[i]);
	free(tr->pending);
	sshkey_release(&tr->host);
	sodium_memzero(tr, sizeof(*tr));
}

/* --- octets --- */

enum err sshtr_flush(struct sshtr *tr, bool blocking)
{
	size_t done = 0;
	enum err e = ERR_OK;

	while (done < tr->queue.len) {
		ssize_t n = write(tr->o.fd, tr->queue.p + done, tr->queue.len - done);
		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN) {
			/* what the peer still has to say may tell why: it is for the reader to find out */
			e = errno == EPIPE || errno == ECONNRESET ? ERR_OK : failed_wait(tr, ERR_NET, "");
			done = tr->queue.len;
			break;
		}
		if (!blocking)
			break;
		e = net_wait(tr->o.fd, POLLOUT, tr->o.deadline);
		if (e != ERR_OK) {
			e = failed_wait(tr, e, "did not take what we sent");
			break;
		}
	}
	tr->wire_out += done;
	sbuf_drop(&tr->queue, done);
	return e;
}

enum err sshtr_fill(struct sshtr *tr)
{
	if (tr->raw_pos) {
		sbuf_drop(&tr->raw, tr->raw_pos);
		tr->raw_pos = 0;
	}
	uint8_t *to = sbuf_room(&tr->raw, READ_SIZE);
	if (!to)
		return sshtr_fail(tr, ERR_NOMEM, "out-of-memory", "out of memory");
	ssize_t n = read(tr->o.fd, to, READ_SIZE);
	/* Servers that wait for our acknowledgement (Nagle) would wait for 40 ms each time; it has to be said anew. */
	(void)setsockopt(tr->o.fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
	if (n > 0) {
		tr->raw.len += (size_t)n;
		tr->wire_in += (size_t)n;
	} else if (n == 0) {
		tr->eof = true;
	} else if (errno == ECONNRESET) {
		tr->eof = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		return failed_wait(tr, ERR_NET, "");
	}
	return ERR_OK;
}

/* Waits for octets, and reads them. */
static enum err more(struct sshtr *tr, const char *doing)
{
	enum err e = sshtr_flush(tr, true);

	if (e == ERR_OK && (e = net_wait(tr->o.fd, POLLIN, tr->o.deadline)) != ERR_OK)
		return failed_wait(tr, e, doing);
	return e == ERR_OK ? sshtr_fill(tr) : e;
}

static enum err gone(struct sshtr *tr)
{
	size_t left = tr->raw.len - tr->raw_pos;

	if (left)
		return sshtr_fail(tr, ERR_CLOSED, "closed-in-packet",
		    "%s closed the connection in the middle of a packet: %zu octets of it had come", tr->o.peer,
		    left);
	return sshtr_fail(tr, ERR_CLOSED, "closed", "%s closed the connection", tr->o.peer);
}

/* --- version lines --- */

static enum err take_version(struct sshtr *tr, const char *line, size_t len)
{
	char safe[128];

	if (strncmp(line, "SSH-2.0-", 8) != 0 && strncmp(line, "SSH-1.99-", 9) != 0)
		return sshtr_fail(tr, ERR_VERSION, "old-version", "%s speaks another version than SSH-2: %s",
		    tr->o.peer, escape_text(safe, sizeof(safe), line, len));
	for (size_t i = 0; i < len; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			return sshtr_fail(tr, ERR_FORMAT, "bad-version",
			    "octet %zu of the version line is no printable ASCII: %s", i,
			    escape_text(safe, sizeof(safe), line, len));
	memcpy(tr->version[1], line, len);
	tr->version[1][len] = '\0';
	return ERR_OK;
}

/* One line from what came. ERR_TRUNCATED: its end is not there yet. */
static enum err next_line(struct sshtr *tr, char line[static SSH_VERSION_MAX + 1], size_t *len)
{
	const char *p = (const char *)tr->raw.p + tr->raw_pos;
	size_t have = tr->raw.len - tr->raw_pos;
	const char *nl = have ? memchr(p, '\n', have) : NULL;

	*len = nl ? (size_t)(nl - p) : have;
	if (*len >= SSH_VERSION_MAX)
		return ERR_TOO_LONG;
	if (!nl)
		return ERR_TRUNCATED;
	tr->raw_pos += *len + 1;
	*len -= *len && p[*len - 1] == '\r';
	memcpy(line, p, *len);
	line[*len] = '\0';
	return ERR_OK;
}

/* A server may say other lines first (RFC 4253 4.2). Not for ever. */
static enum err read_version(struct sshtr *tr)
{
	char line[SSH_VERSION_MAX + 1], safe[SSH_VERSION_MAX * 4];
	size_t len;

	for (unsigned n = 0; n < SSH_BANNER_MAX;) {
		enum err e = next_line(tr, line, &len);
		if (e == ERR_TOO_LONG)
			return sshtr_fail(tr, ERR_TOO_LONG, "endless-line",
			    "%s sends a line of more than %d octets where its version should stand: is that SSH?",
			    tr->o.peer, SSH_VERSION_MAX);
		if (e == ERR_TRUNCATED) {
			if (tr->eof)
				return gone(tr);
			if ((e = more(tr, "did not say its version")) != ERR_OK)
				return e;
			continue;
		}
		if (strncmp(line, "SSH-", 4) == 0)
			return take_version(tr, line, len);
		if (tr->o.server)
			return sshtr_fail(
			    tr, ERR_FORMAT, "bad-version", "%s does not begin with its version", tr->o.peer);
		ev_recv(tr->o.trace, tr->o.peer, tr->o.me, "SSH", line, len, "before its version it says: %s",
		    escape_text(safe, sizeof(safe), line, len));
		n++;
	}
	return sshtr_fail(tr, ERR_TOO_LONG, "endless-banner",
	    "%s sent %d lines and its version was not among them: is that SSH?", tr->o.peer, SSH_BANNER_MAX);
}

enum err sshtr_start(struct sshtr *tr)
{
	/* Our version and our KEXINIT go out at once: neither depends on what the peer says. */
	sbuf_bytes(&tr->queue, tr->version[0], strlen(tr->version[0]));
	sbuf_bytes(&tr->queue, "\r\n", 2);
	sshtell_version(tr, true, tr->version[0]);
	enum err e = sshkex_begin(tr);
	if (e == ERR_OK)
		e = read_version(tr);
	if (e != ERR_OK)
		return e;
	sshtell_version(tr, false, tr->version[1]);
	return sshkex_run(tr, false);
}

/* --- messages --- */

enum err sshtr_send(struct sshtr *tr, const struct sbuf *payload, bool secret, const char *label)
{
	if (payload->bad || !payload->len)
		return sshtr_fail(tr, ERR_NOMEM, "out-of-memory", "out of memory");
	sshtell_message(tr, true, payload->p, payload->len, secret, label);
	enum err e = sshdir_seal(&tr->out, payload->p, payload->len, &tr->queue);
	if (e != ERR_OK)
		return sshtr_fail(
		    tr, e, "cannot-send", "a message of %zu octets cannot be sent: %s", payload->len, err_text(e));
	return sshtr_flush(tr, false);
}

void sshtr_told(struct sshtr *tr, const char *label, bool secret)
{
	sshtell_message(tr, false, tr->payload.p, tr->payload.len, secret, label);
}

static enum err bad_packet(struct sshtr *tr, enum err e, const char *why)
{
	if (e == ERR_NEGATIVE)
		return sshtr_fail(tr, e, "bad-mac", "packet %u from %s: %s", tr->in.seq, tr->o.peer, why);
	return sshtr_fail(tr, e == ERR_NOMEM ? e : ERR_FORMAT, "bad-packet", "packet %u from %s: %s%s", tr->in.seq,
	    tr->o.peer, why ? why : err_text(e),
	    tr->in.cipher == SSHCIPHER_CHACHA20 ? " (its length did not decrypt to anything sensible)" : "");
}

enum err sshtr_packet(struct sshtr *tr, bool wait)
{
	for (;;) {
		size_t whole;
		const char *why = NULL;
		enum err e = sshdir_open(
		    &tr->in, tr->raw.p + tr->raw_pos, tr->raw.len - tr->raw_pos, &tr->payload, &whole, &why);
		if (e == ERR_OK) {
			tr->raw_pos += whole;
			return tr->payload.len ? ERR_OK
			                       : sshtr_fail(tr, ERR_FORMAT, "bad-packet",
			                             "%s sent a packet without a message", tr->o.peer);
		}
		if (e != ERR_TRUNCATED)
			return bad_packet(tr, e, why);
		if (tr->eof)
			return gone(tr);
		if (!wait)
			return ERR_TIMEOUT;
		if ((e = more(tr, "did not answer")) != ERR_OK)
			return e;
	}
}

/* DISCONNECT: why the peer goes. */
enum err sshtr_disconnected(struct sshtr *tr)
{
	struct rd r = rd_init(tr->payload.p, tr->payload.len);
	char safe[160];
	size_t n;

	rd_skip(&r, 1);
	uint32_t reason = rd_u32(&r);
	const uint8_t *text = rd_string(&r, &n);
	escape_text(safe, sizeof(safe), text ? text : (const uint8_t *)"", text ? n : 0);
	sshtr_told(tr, NULL, false);
	return sshtr_fail(
	    tr, ERR_CLOSED, "disconnected", "%s ended the connection: %s (reason %u)", tr->o.peer, safe, reason);
}

static void told_debug(struct sshtr *tr)
{
	struct rd r = rd_init(tr->payload.p, tr->payload.len);
	char label[300], safe[260];
	size_t n;

	rd_skip(&r, 2);
	const uint8_t *text = rd_string(&r, &n);
	snprintf(label, sizeof(label), "DEBUG: %s", text ? escape_text(safe, sizeof(safe), text, n) : "");
	sshtr_told(tr, label, false);
}

/* What is for the transport itself. ERR_OK: done with it; ERR_NEGATIVE: it is for the layers above. */
static enum err own_message(struct sshtr *tr)
{
	switch (tr->payload.p[0]) {
	case SSHMSG_IGNORE:
	case SSHMSG_UNIMPLEMENTED:
		sshtr_told(tr, NULL, false);
		return ERR_OK;
	case SSHMSG_DEBUG:
		told_debug(tr);
		return ERR_OK;
	case SSHMSG_DISCONNECT:
		return sshtr_disconnected(tr) == ERR_OK ? ERR_OK : ERR_CLOSED;
	case SSHMSG_KEXINIT:
		return sshkex_run(tr, true) == ERR_OK ? ERR_OK : ERR_CLOSED;
	default:
		if (tr->payload.p[0] >= SSHMSG_NEWKEYS && tr->payload.p[0] < SSHMSG_USERAUTH_REQUEST) {
			sshtr_fail(tr, ERR_FORMAT, "unexpected-message",
			    "%s sent %s, and no key exchange is under way", tr->o.peer,
			    sshmsg_name(tr->payload.p[0]));
			return ERR_CLOSED;
		}
		return ERR_NEGATIVE;
	}
}

enum err sshtr_recv(struct sshtr *tr, bool wait)
{
	if (tr->in.octets + tr->out.octets >= tr->o.rekey_octets || tr->in.packets > UINT32_MAX / 2 ||
	    tr->out.packets > UINT32_MAX / 2) {
		enum err e = sshtr_rekey(tr);
		if (e != ERR_OK)
			return e;
	}
	for (;;) {
		enum err e = ERR_OK;
		if (tr->pending_at < tr->n_pending) { /* came while keys were exchanged */
			sbuf_release(&tr->payload);
			tr->payload = tr->pending[tr->pending_at++];
		} else {
			tr->n_pending = tr->pending_at = tr->pending_octets = 0;
			e = sshtr_packet(tr, wait);
		}
		if (e != ERR_OK)
			return e;
		e = own_message(tr);
		if (e == ERR_NEGATIVE)
			return ERR_OK;
		if (e != ERR_OK)
			return tr->err;
	}
}

enum err sshtr_rekey(struct sshtr *tr)
{
	enum err e = sshkex_begin(tr);

	return e == ERR_OK ? sshkex_run(tr, false) : e;
}

void sshtr_disconnect(struct sshtr *tr, uint32_t reason, const char *text)
{
	struct sbuf b = {0};
	enum err err = tr->err;
	struct sshtr keep = {.why_id = tr->why_id};

	memcpy(keep.why, tr->why, sizeof(keep.why));
	sbuf_u8(&b, SSHMSG_DISCONNECT);
	sbuf_u32(&b, reason);
	sbuf_text(&b, text);
	sbuf_text(&b, "");
	char label[120];
	snprintf(label, sizeof(label), "DISCONNECT: %s", text);
	if (!tr->eof)
		(void)!sshtr_send(tr, &b, false, label);
	sbuf_release(&b);
	/* failing to say goodbye is not why it ended */
	tr->err = err;
	tr->why_id = keep.why_id;
	memcpy(tr->why, keep.why, sizeof(tr->why));
}
