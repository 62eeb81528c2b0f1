/* The file of hosts that insist on https, and the header that they say it with. RFC 6797. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/addr.h"
#include "glassnet/file.h"
#include "glassnet/target.h"
#include "hsts.h"

#define FILE_MAX  ((size_t)HSTS_HOSTS_MAX * 320)
#define UNLIMITED "unlimited"

/* --- the file --- */

/* "20271122 20:15:00" */
static bool read_moment(const char *p, size_t n, int64_t *out)
{
	static const char form[] = "dddddddd dd:dd:dd";
	struct tm tm = {0};
	int year, month;

	if (n == strlen(UNLIMITED) && memcmp(p, UNLIMITED, n) == 0) {
		*out = HSTS_FOREVER;
		return true;
	}
	if (n != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)p[i]) : p[i] != form[i])
			return false;
	if (sscanf(p, "%4d%2d%2d %2d:%2d:%2d", &year, &month, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	*out = timegm(&tm);
	return month >= 1 && month <= 12 && tm.tm_mday >= 1 && tm.tm_mday <= 31;
}

/* Lower case, without the root's dot. False: it is no host's name. */
static bool take_name(char *out, const char *name, size_t n)
{
	const char *why;

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n == 0 || n >= NAME_MAX_TEXT || name[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)name[i]);
	out[n] = '\0';
	return strlen(out) == n && target_is_name(out, &why);
}

static bool read_line(struct hsts_host *h, const char *p, size_t n)
{
	const char *blank = memchr(p, ' ', n);
	size_t name = blank ? (size_t)(blank - p) : 0;
	char moment[32];

	if (!blank || n - name < 4 || n - name - 3 >= sizeof(moment) || blank[1] != '"' || p[n - 1] != '"')
		return false;
	memcpy(moment, blank + 2, n - name - 3);
	moment[n - name - 3] = '\0';
	h->subdomains = p[0] == '.';
	return take_name(h->name, p + h->subdomains, name - h->subdomains) &&
	       read_moment(moment, n - name - 3, &h->until);
}

static enum err add(struct hsts *h, const struct hsts_host *one)
{
	if (h->n == HSTS_HOSTS_MAX)
		return ERR_TOO_LONG;
	if ((h->n & (h->n - 1)) == 0) { /* room for twice as many */
		struct hsts_host *more = realloc(h->host, (h->n ? 2 * h->n : 1) * sizeof(*more));
		if (!more)
			return ERR_NOMEM;
		h->host = more;
	}
	h->host[h->n++] = *one;
	return ERR_OK;
}

enum err hsts_parse(struct hsts *out, const char *text, size_t len, size_t *line)
{
	enum err e = ERR_OK;

	*out = (struct hsts){0};
	*line = 0;
	while (len > 0 && e == ERR_OK) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len, step = end ? n + 1 : n;
		struct hsts_host one;

		++*line;
		if (n > 0 && text[n - 1] == '\r')
			n--;
		if (n > 0 && text[0] != '#')
			e = read_line(&one, text, n) ? add(out, &one) : ERR_FORMAT;
		text += step;
		len -= step;
	}
	if (e != ERR_OK)
		hsts_release(out);
	return e;
}

enum err hsts_read(struct hsts *out, const char *path, size_t *line)
{
	FILE *f = fopen(path, "re");
	char *text;
	enum err e = ERR_IO;

	*out = (struct hsts){0};
	*line = 0;
	if (!f)
		return errno == ENOENT ? ERR_OK : ERR_IO;
	text = malloc(FILE_MAX);
	size_t n = text ? fread(text, 1, FILE_MAX, f) : 0;
	if (text && !ferror(f))
		e = n == FILE_MAX ? ERR_TOO_LONG : hsts_parse(out, text, n, line);
	free(text);
	int keep = errno;
	fclose(f);
	errno = keep;
	return e;
}

void hsts_release(struct hsts *h)
{
	free(h->host);
	*h = (struct hsts){0};
}

/* --- asking it --- */

const struct hsts_host *hsts_find(const struct hsts *h, const char *name, int64_t now)
{
	char want[NAME_MAX_TEXT];
	struct ip ip;

	if (ip_parse(&ip, name) == ERR_OK || !take_name(want, name, strlen(name)))
		return NULL;
	for (size_t i = 0; i < h->n; i++) {
		const struct hsts_host *one = &h->host[i];
		size_t n = strlen(one->name), m = strlen(want);

		if (one->until <= now)
			continue;
		if (strcmp(one->name, want) == 0 ||
		    (one->subdomains && m > n && want[m - n - 1] == '.' && strcmp(want + m - n, one->name) == 0))
			return one;
	}
	return NULL;
}

/* --- the header --- */

struct directive {
	const uint8_t *name, *value;
	size_t n_name, n_value;
	bool has_value;
};

static size_t skip_blanks(const uint8_t *p, size_t len, size_t i)
{
	while (i < len && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i;
}

static size_t token(const uint8_t *p, size_t len, size_t i)
{
	while (i < len && p[i] > ' ' && p[i] < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", p[i]))
		i++;
	return i;
}

/* One directive at *pos, which passes it and the semicolon. False: it is not well-formed. An empty one is fine. */
static bool next_directive(const uint8_t *p, size_t len, size_t *pos, struct directive *d)
{
	size_t i = skip_blanks(p, len, *pos), start = i;

	i = token(p, len, i);
	*d = (struct directive){.name = p + start, .n_name = i - start};
	i = skip_blanks(p, len, i);
	if (i < len && p[i] == '=' && d->n_name) {
		i = skip_blanks(p, len, i + 1);
		bool quoted = i < len && p[i] == '"';
		start = quoted ? ++i : i;
		while (quoted && i < len && p[i] != '"')
			i++;
		if (!quoted)
			i = token(p, len, i);
		d->has_value = true;
		d->value = p + start;
		d->n_value = i - start;
		if (quoted && i++ == len)
			return false;
		i = skip_blanks(p, len, i);
	}
	if (i < len && p[i] != ';')
		return false;
	*pos = i + 1;
	return true;
}

static bool is_named(const struct directive *d, const char *name)
{
	return d->n_name == strlen(name) && strncasecmp((const char *)d->name, name, d->n_name) == 0;
}

/* More than a hundred years are as good as a hundred. */
static bool seconds(const struct directive *d, int64_t *out)
{
	int64_t v = 0;

	if (!d->has_value || d->n_value == 0)
		return false;
	for (size_t i = 0; i < d->n_value; i++) {
		if (!isdigit(d->value[i]))
			return false;
		v = v > INT64_C(3155760000) ? v : v * 10 + (d->value[i] - '0');
	}
	*out = v > INT64_C(3155760000) ? INT64_C(3155760000) : v;
	return true;
}

bool hsts_header(const uint8_t *value, size_t len, int64_t *max_age, bool *subdomains)
{
	bool has_age = false;
	struct directive d;

	*subdomains = false;
	for (size_t pos = 0; pos < len;) {
		if (!next_directive(value, len, &pos, &d))
			return false;
		if (is_named(&d, "max-age")) {
			if (has_age || !seconds(&d, max_age))
				return false;
			has_age = true;
		} else if (is_named(&d, "includeSubDomains")) {
			if (*subdomains || d.has_value)
				return false;
			*subdomains = true;
		}
	}
	return has_age;
}

/* --- remembering --- */

char *hsts_until_text(char out[static HSTS_UNTIL_TEXT], int64_t until)
{
	time_t t = (time_t)until;
	struct tm tm;

	if (until == HSTS_FOREVER)
		strcpy(out, "for ever");
	else if (!gmtime_r(&t, &tm) || !strftime(out, HSTS_UNTIL_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm))
		strcpy(out, "?");
	return out;
}

static void write_host(FILE *out, const struct hsts_host *h)
{
	time_t t = (time_t)h->until;
	struct tm tm;
	char moment[32] = UNLIMITED;

	if (h->until != HSTS_FOREVER && gmtime_r(&t, &tm))
		strftime(moment, sizeof(moment), "%Y%m%d %H:%M:%S", &tm);
	fprintf(out, "%s%s \"%s\"\n", h->subdomains ? "." : "", h->name, moment);
}

/* Without the host and what is over, then the host. */
static enum err rewrite(const char *path, const struct hsts *h, const struct hsts_host *one, int64_t now)
{
	struct replacement r = {0};
	enum err e = replacement_open(&r, path);

	if (e != ERR_OK)
		return e;
	fputs("# Hosts that insist on https (RFC 6797), for tlsview --hsts and curl --hsts.\n", r.out);
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->host[i].name, one->name) != 0 && h->host[i].until > now)
			write_host(r.out, &h->host[i]);
	if (one->until > now)
		write_host(r.out, one);
	return replacement_commit(&r);
}

/* The lock is a file of its own, since the file itself is replaced. */
static int lock_beside(const char *path)
{
	char name[4096];
	int fd = -1;

	if (snprintf(name, sizeof(name), "%s.lock", path) < (int)sizeof(name))
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (fd >= 0 && flock(fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			close(fd);
			return -1;
		}
	return fd;
}

enum err hsts_remember(const char *path, const char *name, int64_t max_age, bool subdomains, int64_t now,
    struct hsts_host *before, size_t *line)
{
	struct hsts h = {0};
	struct hsts_host one = {.subdomains = subdomains, .until = now + max_age};
	int lock;
	enum err e;

	*before = (struct hsts_host){0};
	*line = 0;
	if (!take_name(one.name, name, strlen(name)))
		return ERR_USAGE;
	lock = lock_beside(path);
	if (lock < 0)
		return ERR_IO;
	e = hsts_read(&h, path, line);
	for (size_t i = 0; e == ERR_OK && i < h.n; i++)
		if (strcmp(h.host[i].name, one.name) == 0 && h.host[i].until > now)
			*before = h.host[i];
	if (e == ERR_OK)
		e = rewrite(path, &h, &one, now);
	hsts_release(&h);
	int keep = errno;
	close(lock);
	errno = keep;
	return e;
}
