/* Watching a BIO. BIO_set_callback_ex(3). */
#include <string.h>

#include "guess.h"
#include "wiretap.h"

/* Takes up to want octets in all; true when they are there. */
static bool fill(struct wiretap *w, bool out, size_t want, const uint8_t **p, size_t *n)
{
	size_t have = w->part[out].n, take = want - have < *n ? want - have : *n;

	memcpy(w->part[out].buf + have, *p, take);
	w->part[out].n += take;
	*p += take;
	*n -= take;
	return w->part[out].n == want;
}

static void cut(struct wiretap *w, bool out, const uint8_t *p, size_t n)
{
	uint8_t *buf = w->part[out].buf;

	while (n > 0 && !w->part[out].lost) {
		if (w->part[out].n < TLS_HEADER_LEN && !fill(w, out, TLS_HEADER_LEN, &p, &n))
			return;
		size_t len = TLS_HEADER_LEN + (size_t)(buf[3] << 8 | buf[4]);
		if (len > TLS_RECORD_MAX || !guess_is_tls(buf, TLS_HEADER_LEN)) {
			w->part[out].lost = true;
			return;
		}
		if (!fill(w, out, len, &p, &n))
			return;
		w->part[out].n = 0;
		if (w->on_record)
			w->on_record(w->arg, out, buf, len);
	}
}

void wiretap_feed(struct wiretap *w, bool out, const uint8_t *p, size_t n)
{
	size_t room = FIRST_OCTETS - w->n_first;

	w->octets[out] += n;
	if (!out && room) {
		memcpy(w->first + w->n_first, p, n < room ? n : room);
		w->n_first += n < room ? n : room;
	}
	cut(w, out, p, n);
}

static long tap(BIO *bio, int oper, const char *data, size_t len, int argi, long argl, int ret, size_t *processed)
{
	(void)len;
	(void)argi;
	(void)argl;
	if (ret <= 0 || !processed || !*processed)
		return ret;
	struct wiretap *w = (struct wiretap *)BIO_get_callback_arg(bio);
	if (oper == (BIO_CB_READ | BIO_CB_RETURN) || (oper == (BIO_CB_WRITE | BIO_CB_RETURN) && !w->reads_only))
		wiretap_feed(w, oper == (BIO_CB_WRITE | BIO_CB_RETURN), (const uint8_t *)data, *processed);
	return ret;
}

void wiretap_on(struct wiretap *w, BIO *bio)
{
	BIO_set_callback_ex(bio, tap);
	BIO_set_callback_arg(bio, (char *)w);
}
