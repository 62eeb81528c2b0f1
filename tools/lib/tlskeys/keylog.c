/* Key logs, one line a secret, as NSS and Wireshark write and read them:
 *
 *     SERVER_TRAFFIC_SECRET_0 <64 hex digits: the ClientHello's random> <the secret in hex>
 */
#include <sodium.h>
#include <string.h>

#include "private.h"

/* A word of the line: from *pos to the next blank or the end. */
static size_t word(const char *line, size_t len, size_t *pos, size_t *start)
{
	while (*pos < len && line[*pos] == ' ')
		(*pos)++;
	*start = *pos;
	while (*pos < len && line[*pos] != ' ')
		(*pos)++;
	return *pos - *start;
}

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

/* n hex digits to n/2 octets. *bad: the digit that is none. */
static bool hex(const char *p, size_t n, uint8_t *out, size_t *bad)
{
	for (size_t i = 0; i < n; i++) {
		int v = digit(p[i]);

		*bad = i;
		if (v < 0)
			return false;
		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | v : v << 4);
	}
	return true;
}

/* CLIENT_TRAFFIC_SECRET_3 is the third after CLIENT_TRAFFIC_SECRET_0. */
static bool generation(const char *label, size_t len, struct tls_logged *out)
{
	static const struct {
		const char *begin;
		enum tls_secret id;
	} rows[] = {
	    {"CLIENT_TRAFFIC_SECRET_", TLS_CLIENT_TRAFFIC_0}, {"SERVER_TRAFFIC_SECRET_", TLS_SERVER_TRAFFIC_0}};

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(rows[i].begin);
		unsigned v = 0;

		if (len <= n || len > n + 6 || memcmp(label, rows[i].begin, n) != 0)
			continue;
		for (size_t k = n; k < len; k++) {
			if (label[k] < '0' || label[k] > '9')
				return false;
			v = v * 10 + (unsigned)(label[k] - '0');
		}
		out->id = rows[i].id;
		out->generation = v;
		return true;
	}
	return false;
}

static bool label_of(const char *label, size_t len, struct tls_logged *out)
{
	out->master = len == strlen("CLIENT_RANDOM") && memcmp(label, "CLIENT_RANDOM", len) == 0;
	if (out->master || generation(label, len, out))
		return true;
	for (unsigned i = 0; i < TLS_SECRET_COUNT; i++) {
		const char *name = tls_secret_info((enum tls_secret)i)->keylog;

		if (!name || strlen(name) != len || memcmp(label, name, len) != 0)
			continue;
		out->id = (enum tls_secret)i;
		return true;
	}
	return false;
}

enum err tls_keylog_parse(struct tls_logged *out, const char *line, size_t len, size_t *at)
{
	size_t pos = 0, label, random, secret, end, bad = 0;

	memset(out, 0, sizeof(*out));
	*at = 0;
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	size_t n_label = word(line, len, &pos, &label), n_random = word(line, len, &pos, &random),
	       n_secret = word(line, len, &pos, &secret);
	if (n_label == 0 || line[label] == '#' || !label_of(line + label, n_label, out))
		return ERR_VERSION;
	*at = random;
	if (n_random != (size_t)2 * TLS_RANDOM_LEN)
		return ERR_FORMAT;
	if (!hex(line + random, n_random, out->client_random, &bad)) {
		*at += bad;
		return ERR_FORMAT;
	}
	*at = secret;
	out->len = n_secret / 2;
	/* 32 and 48: the lengths of the two hashes; a master secret has 48 */
	if (n_secret % 2 || (out->len != 48 && (out->master || out->len != 32)))
		return ERR_FORMAT;
	if (!hex(line + secret, n_secret, out->secret, &bad)) {
		*at += bad;
		return ERR_FORMAT;
	}
	*at = pos;
	return word(line, len, &pos, &end) ? ERR_FORMAT : ERR_OK;
}
