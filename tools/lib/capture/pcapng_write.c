/* Writing pcapng (draft-ietf-opsawg-pcapng), which libpcap does not. Each block goes out in one write(2), so
 * that a file is whole whenever its writer ends. */
#include <errno.h>
#include <fcntl.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/capture.h"
#include "private.h"

#define PACKET_MAX  (1u << 20)
#define COMMENT_MAX 60000

struct pcapng {
	int fd;
	bool own_fd;
	uint8_t *buf; /* the block that is being put together */
	size_t len, cap;
	bool nomem;
	size_t n_ifs;
	size_t names_copied, keys_copied; /* of a capture's */
};

int linktype_to_dlt(int linktype)
{
	return linktype == 101 ? DLT_RAW : linktype;
}

int linktype_from_dlt(int dlt)
{
	return dlt == DLT_RAW ? 101 : dlt;
}

/* --- the numbers of a block are in the order of this machine; the magic in the section header tells which */

static void put(struct pcapng *w, const void *p, size_t n)
{
	if (w->nomem)
		return;
	if (w->cap - w->len < n) {
		size_t cap = 2 * w->cap + n;
		uint8_t *grown = realloc(w->buf, cap);
		if (!grown) {
			w->nomem = true;
			return;
		}
		w->buf = grown;
		w->cap = cap;
	}
	if (n)
		memcpy(w->buf + w->len, p, n);
	w->len += n;
}

static void put16(struct pcapng *w, uint16_t v)
{
	put(w, &v, sizeof v);
}

static void put32(struct pcapng *w, uint32_t v)
{
	put(w, &v, sizeof v);
}

static void put_padded(struct pcapng *w, const void *p, size_t n)
{
	static const uint8_t zero[4];
	put(w, p, n);
	put(w, zero, (4 - n % 4) % 4);
}

static void put_option(struct pcapng *w, uint16_t code, const void *p, size_t n)
{
	put16(w, code);
	put16(w, (uint16_t)n);
	put_padded(w, p, n);
}

static void begin(struct pcapng *w, uint32_t type)
{
	w->len = 0;
	w->nomem = false;
	put32(w, type);
	put32(w, 0); /* the length, when it is known */
}

static enum err end(struct pcapng *w)
{
	uint32_t total = (uint32_t)w->len + 4;
	put32(w, total);
	if (w->nomem)
		return ERR_NOMEM;
	memcpy(w->buf + 4, &total, sizeof total);
	for (size_t done = 0; done < w->len;) {
		ssize_t n = write(w->fd, w->buf + done, w->len - done);
		if (n < 0 && errno != EINTR)
			return ERR_IO;
		if (n > 0)
			done += (size_t)n;
	}
	return ERR_OK;
}

static enum err section(struct pcapng *w)
{
	static const char app[] = "glassnet " GLASSNET_VERSION;
	int64_t unknown = -1;
	begin(w, 0x0a0d0d0a);
	put32(w, 0x1a2b3c4d);
	put16(w, 1); /* version 1.0 */
	put16(w, 0);
	put(w, &unknown, sizeof unknown);      /* the section's length */
	put_option(w, 4, app, sizeof app - 1); /* shb_userappl */
	put_option(w, 0, NULL, 0);
	return end(w);
}

enum err pcapng_create(struct pcapng **out, const char *path)
{
	*out = NULL;
	struct pcapng *w = calloc(1, sizeof *w);
	if (!w)
		return ERR_NOMEM;
	w->own_fd = strcmp(path, "-") != 0;
	/* It may get TLS secrets: nobody else's to read. */
	w->fd = w->own_fd ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : STDOUT_FILENO;
	enum err e = w->fd < 0 ? ERR_IO : section(w);
	if (e) {
		int why = errno;
		(void)!pcapng_close(w);
		errno = why;
		return e;
	}
	*out = w;
	return ERR_OK;
}

enum err pcapng_interface(struct pcapng *w, const struct vantage *v)
{
	char name[LAB_HOST_MAX + 40];
	int n = snprintf(name, sizeof name, "%s%s%s", v->host, v->host[0] && v->ifname[0] ? " " : "", v->ifname);
	uint8_t ns = 9;
	begin(w, 1);
	put16(w, (uint16_t)linktype_from_dlt(v->linktype));
	put16(w, 0);
	put32(w, 0); /* no limit on lengths */
	if (n > 0)
		put_option(w, 2, name, (size_t)n); /* if_name */
	put_option(w, 9, &ns, 1);                  /* if_tsresol: 10^-9 s */
	put_option(w, 0, NULL, 0);
	enum err e = end(w);
	w->n_ifs += !e;
	return e;
}

enum err pcapng_name(struct pcapng *w, const struct ip *addr, const char *name)
{
	size_t alen = addr->family == 4 ? 4 : 16, nlen = strnlen(name, 255);
	begin(w, 4);
	put16(w, addr->family == 4 ? 1 : 2);
	put16(w, (uint16_t)(alen + nlen + 1));
	put(w, addr->b, alen);
	put(w, name, nlen);
	put(w, "\0\0\0", 1 + (4 - (alen + nlen + 1) % 4) % 4);
	put32(w, 0); /* nrb_record_end */
	return end(w);
}

enum err pcapng_tls_keys(struct pcapng *w, const char *keylog, size_t len)
{
	if (len > PACKET_MAX)
		return ERR_TOO_LONG;
	begin(w, 10);
	put32(w, 0x544c534b); /* "TLSK": NSS key log format */
	put32(w, (uint32_t)len);
	put_padded(w, keylog, len);
	return end(w);
}

enum err capture_copy_meta(const struct capture *c, struct pcapng *w)
{
	enum err e = ERR_OK;
	for (; !e && w->names_copied < c->n_names; w->names_copied++)
		e = pcapng_name(w, &c->names[w->names_copied].addr, c->names[w->names_copied].host);
	if (!e && w->keys_copied < c->n_keys) {
		e = pcapng_tls_keys(w, c->keys + w->keys_copied, c->n_keys - w->keys_copied);
		w->keys_copied = c->n_keys;
	}
	return e;
}

enum err pcapng_packet(struct pcapng *w, const struct capture_packet *p, const char *comment)
{
	if (p->vantage >= w->n_ifs)
		return ERR_INTERNAL;
	if (p->packet.len > PACKET_MAX)
		return ERR_TOO_LONG;
	uint64_t t = (uint64_t)p->packet.time;
	begin(w, 6);
	put32(w, (uint32_t)p->vantage);
	put32(w, (uint32_t)(t >> 32));
	put32(w, (uint32_t)t);
	put32(w, (uint32_t)p->packet.len);
	put32(w, (uint32_t)p->packet.wire_len);
	put_padded(w, p->packet.bytes, p->packet.len);
	if (comment && comment[0])
		put_option(w, 1, comment, strnlen(comment, COMMENT_MAX));
	if (p->has_direction) {
		uint32_t flags = p->outgoing ? 2 : 1;
		put_option(w, 2, &flags, sizeof flags);
	}
	if ((comment && comment[0]) || p->has_direction)
		put_option(w, 0, NULL, 0);
	return end(w);
}

enum err pcapng_close(struct pcapng *w)
{
	if (!w)
		return ERR_OK;
	enum err e = ERR_OK;
	if (w->own_fd && w->fd >= 0 && close(w->fd))
		e = ERR_IO;
	free(w->buf);
	free(w);
	return e;
}
