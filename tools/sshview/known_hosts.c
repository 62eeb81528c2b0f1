/* The grammar of known_hosts, and the verdict on a key. */
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "known_hosts.h"

#define SALT        20   /* octets of salt and of HMAC-SHA1 */
#define PATTERN_MAX 1022 /* octets: with a longer one OpenSSH gives the line up */
#define MARKER_MAX  31

static const char *const marker_words[] = {"", "@cert-authority", "@revoked"};

const char *kh_marker_word(enum kh_marker m)
{
	return marker_words[m];
}

char *kh_name(char out[static KH_NAME], const char *host, uint16_t port)
{
	if (port == 22)
		snprintf(out, KH_NAME, "%s", host);
	else
		snprintf(out, KH_NAME, "[%s]:%u", host, port);
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return out;
}

/* --- lines --- */

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

struct kh_reader kh_read(const char *text, size_t len)
{
	return (struct kh_reader){.text = text, .len = len};
}

static bool invalid(struct kh_line *l, const char *why)
{
	l->kind = KH_INVALID;
	l->why = why;
	return false;
}

/* At most one marker. OpenSSH looks for the blank after it first, then for a tab: so a tab only ends a marker where no
 * blank follows in the line. For a revocation that would be a trap: here any of the two ends it. */
static bool take_marker(struct kh_line *l, size_t *at)
{
	const char *p = l->text + *at;
	size_t left = l->len - *at, n = 0;

	if (!left || *p != '@')
		return true;
	while (n < left && !blank(p[n]))
		n++;
	const char *space = memchr(p, ' ', left);
	bool as_openssh = n < left && (p[n] == ' ' || !space);
	if (n == strlen("@revoked") && memcmp(p, "@revoked", n) == 0 && n < left)
		l->marker = KH_REVOKED;
	else if (as_openssh && n == strlen("@cert-authority") && memcmp(p, "@cert-authority", n) == 0)
		l->marker = KH_AUTHORITY;
	else
		return invalid(l, "it begins with @ and is neither @revoked nor @cert-authority");
	for (*at += n; *at < l->len && blank(l->text[*at]); (*at)++)
		;
	if (*at < l->len && l->text[*at] == '@')
		return invalid(l, "it has two markers");
	return true;
}

static void take_line(struct kh_line *l)
{
	size_t at = 0;

	while (at < l->len && blank(l->text[at]))
		at++;
	l->kind = KH_ENTRY;
	if (at == l->len || l->text[at] == '#') {
		l->kind = KH_COMMENT;
		return;
	}
	if (!take_marker(l, &at))
		return;
	l->names = at;
	while (at < l->len && !blank(l->text[at]))
		at++;
	l->names_len = at - l->names;
	while (at < l->len && blank(l->text[at]))
		at++;
	l->key = at;
	if (at == l->len || l->text[at] == '#')
		invalid(l, "there is no key in it");
}

bool kh_next(struct kh_reader *r, struct kh_line *out)
{
	if (r->pos >= r->len)
		return false;
	const char *p = r->text + r->pos, *nl = memchr(p, '\n', r->len - r->pos);
	size_t len = nl ? (size_t)(nl - p) : r->len - r->pos;

	*out =
	    (struct kh_line){.text = p, .len = strnlen(p, len), .whole = len + (nl != NULL), .number = ++r->number};
	r->pos += out->whole;
	take_line(out);
	/* A lone CR is what is left of an empty line with CRLF. */
	if (out->kind != KH_COMMENT && out->len == 1 && out->text[0] == '\r')
		out->kind = KH_COMMENT;
	return true;
}

bool kh_line_hashed(const struct kh_line *l)
{
	return l->names_len && l->text[l->names] == '|';
}

enum err kh_line_key(struct kh_line *l, struct sshkey *out, const char **comment, size_t *comment_len)
{
	size_t at = 0;
	enum err e = sshkey_line_read(out, l->text + l->key, l->len - l->key, &at);

	if (e == ERR_OK) {
		*comment = l->text + l->key + at;
		*comment_len = l->len - l->key - at;
		while (*comment_len && strchr(" \t\r", (*comment)[*comment_len - 1]))
			(*comment_len)--;
	} else if (e != ERR_NOMEM) {
		invalid(l, e == ERR_VERSION ? "its key is of a type that is not known here" : "its key is malformed");
	}
	return e;
}

/* --- names --- */

/* One pattern against a name: on a mismatch back to the last star, which then takes one character more. */
static bool pattern_fits(const char *p, size_t len, const char *name)
{
	size_t i = 0, star = SIZE_MAX, retry = 0, k = 0;

	while (name[k]) {
		if (i < len && p[i] == '*') {
			star = i++;
			retry = k;
		} else if (i < len && (p[i] == '?' || tolower((unsigned char)p[i]) == name[k])) {
			i++;
			k++;
		} else if (star != SIZE_MAX) {
			i = star + 1;
			k = ++retry;
		} else {
			return false;
		}
	}
	while (i < len && p[i] == '*')
		i++;
	return i == len;
}

bool kh_patterns_fit(const char *patterns, size_t len, const char *name)
{
	bool fits = false;

	for (size_t at = 0; at < len;) {
		bool negative = patterns[at] == '!';
		const char *p = patterns + at + negative, *comma = memchr(p, ',', len - at - negative);
		size_t n = comma ? (size_t)(comma - p) : len - at - negative;
		if (n > PATTERN_MAX)
			return false;
		if (pattern_fits(p, n, name)) {
			if (negative)
				return false;
			fits = true;
		}
		at += negative + n + 1;
	}
	return fits;
}

char *kh_hash(char out[static KH_HASHED], const uint8_t *salt, const char *name)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	size_t at = 3;

	memcpy(out, "|1|", at);
	sodium_bin2base64(out + at, KH_HASHED - at, salt, SALT, sodium_base64_VARIANT_ORIGINAL);
	at += strlen(out + at);
	out[at++] = '|';
	out[at] = '\0';
	if (HMAC(EVP_sha1(), salt, SALT, (const uint8_t *)name, strlen(name), mac, &n))
		sodium_bin2base64(out + at, KH_HASHED - at, mac, n, sodium_base64_VARIANT_ORIGINAL);
	return out;
}

static bool hashed_fits(struct kh_line *l, const char *name)
{
	const char *p = l->text + l->names;
	size_t len = l->names_len;
	char want[KH_HASHED];
	struct sbuf salt = {0};

	if (len < 3 || memcmp(p, "|1|", 3) != 0)
		return invalid(l, "its name begins with | and is not hashed as we know it (|1|)");
	const char *bar = memchr(p + 3, '|', len - 3);
	bool ok = bar && sbuf_base64(&salt, p + 3, (size_t)(bar - p) - 3) && salt.len == SALT;
	if (ok)
		kh_hash(want, salt.p, name);
	sbuf_release(&salt);
	if (!ok)
		return invalid(l, "the salt of its hashed name is malformed");
	return strlen(want) == len && memcmp(want, p, len) == 0;
}

bool kh_line_fits(struct kh_line *l, const char *name)
{
	if (!l->names_len || (l->kind == KH_INVALID && l->key == 0))
		return false;
	return kh_line_hashed(l) ? hashed_fits(l, name) : kh_patterns_fit(l->text + l->names, l->names_len, name);
}

/* --- the verdict --- */

enum err kh_set_add(struct kh_set *s, const char *file, const char *text, size_t len, const char *name)
{
	struct kh_reader r = kh_read(text, len);
	struct kh_line l;
	const char *comment;
	size_t n;

	while (kh_next(&r, &l)) {
		if (l.kind != KH_ENTRY || !kh_line_fits(&l, name))
			continue;
		if (s->n == s->cap) {
			size_t cap = s->cap ? s->cap * 2 : 8;
			struct kh_entry *more = reallocarray(s->entry, cap, sizeof(*more));
			if (!more)
				return ERR_NOMEM;
			s->entry = more;
			s->cap = cap;
		}
		struct kh_entry *e = &s->entry[s->n];
		*e = (struct kh_entry){.marker = l.marker, .file = file, .line = l.number};
		enum err err = kh_line_key(&l, &e->key, &comment, &n);
		if (err == ERR_NOMEM)
			return err;
		s->n += err == ERR_OK;
	}
	return ERR_OK;
}

void kh_set_release(struct kh_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		sshkey_release(&s->entry[i].key);
	free(s->entry);
	*s = (struct kh_set){0};
}

/* A revocation holds for the bare key, and for the authority of a certificate. */
static const struct kh_entry *revocation(const struct kh_set *s, const struct sshkey *key, const struct sshkey *ca)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->entry[i].marker == KH_REVOKED &&
		    (sshkey_equal(&s->entry[i].key, key) || (ca->blob && sshkey_equal(&s->entry[i].key, ca))))
			return &s->entry[i];
	return NULL;
}

enum kh_verdict kh_check(const struct kh_set *s, const struct sshkey *key, const struct kh_entry **found)
{
	enum kh_verdict v = KH_NEW;
	struct sshkey ca = {0};

	*found = NULL;
	if (key->cert && sshkey_cert_authority(key, &ca) != ERR_OK)
		return KH_NEW;
	for (size_t i = 0; i < s->n && v != KH_KNOWN; i++) {
		const struct kh_entry *e = &s->entry[i];
		if (e->marker != (key->cert ? KH_AUTHORITY : KH_PLAIN))
			continue;
		bool same = !e->key.cert && sshkey_equal(&e->key, key->cert ? &ca : key);
		if (same || !key->cert) {
			v = same ? KH_KNOWN : KH_CHANGED;
			*found = e;
		}
	}
	const struct kh_entry *r = revocation(s, key, &ca);
	if (r) {
		v = KH_IS_REVOKED;
		*found = r;
	}
	sshkey_release(&ca);
	return v;
}
