#include "batch_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/addr.h"
#include "rr.h"

/* --- a line ------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word, copied; its length, 0 at the end. */
static size_t word(char *out, size_t cap, const char **text, const char *end)
{
	const char *p = *text;
	while (p < end && is_blank(*p))
		p++;
	const char *begin = p;
	while (p < end && !is_blank(*p))
		p++;
	size_t n = (size_t)(p - begin);
	*text = p;
	if (n >= cap || memchr(begin, '\0', n))
		return cap;
	memcpy(out, begin, n);
	out[n] = '\0';
	return n;
}

/* Types of stored data only (RFC 6895 3.1). */
static bool type_asked(uint16_t *out, const char *text)
{
	uint16_t type;
	if (!type_parse(&type, text) || type == LDNS_RR_TYPE_OPT || (type >= 128 && type <= 255))
		return false;
	*out = type;
	return true;
}

enum err batch_line_parse(struct batch_line *out, const char *text, size_t len, uint16_t type)
{
	char name[BATCH_LINE_MAX], type_word[TYPE_TEXT], rest[2];
	const char *end = text + len;
	struct ip ip;
	size_t n = word(name, sizeof(name), &text, end);
	out->type = type;
	out->why = "";
	if (n == 0 || name[0] == '#' || name[0] == ';')
		return ERR_NEGATIVE;
	out->why = "this is no name";
	if (n >= sizeof(name))
		return ERR_FORMAT;
	out->why = "this is an address, not a name; for the name of 192.0.2.1 write: 1.2.0.192.in-addr.arpa PTR";
	if (ip_parse(&ip, name) == ERR_OK)
		return ERR_FORMAT;
	if (dname_parse(&out->name, name, &out->why))
		return ERR_FORMAT;
	n = word(type_word, sizeof(type_word), &text, end);
	out->why = "no such type of stored data; try A, AAAA, NS, MX, TXT, SOA, CNAME, PTR or TYPE and a number";
	if (n >= sizeof(type_word) || (n && !type_asked(&out->type, type_word)))
		return ERR_FORMAT;
	out->why = "a line has a name and a type, and no more";
	return word(rest, sizeof(rest), &text, end) ? ERR_FORMAT : ERR_OK;
}

/* --- lines -------------------------------------------------------------------------------------- */

enum err batch_input_open(struct batch_input *in, const char *path, uint16_t type)
{
	struct stat st;
	memset(in, 0, sizeof(*in));
	in->type = type;
	in->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0)
		return ERR_IO;
	if (fstat(in->fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
		in->waits = !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode);
		return ERR_OK;
	}
	batch_input_close(in);
	errno = EISDIR;
	return ERR_IO;
}

void batch_input_close(struct batch_input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
}

/* More of the input; false: there is none now. */
static bool refill(struct batch_input *in)
{
	ssize_t n;
	if (in->ended || (in->waits && !in->ready))
		return false;
	memmove(in->buffer, in->buffer + in->begin, in->end - in->begin);
	in->end -= in->begin;
	in->begin = 0;
	do
		n = read(in->fd, in->buffer + in->end, sizeof(in->buffer) - in->end);
	while (n < 0 && errno == EINTR);
	in->ready = false;
	if (n < 0 && errno == EAGAIN)
		return false;
	in->error = n < 0 ? errno : 0;
	in->ended = n <= 0;
	in->end += n > 0 ? (size_t)n : 0;
	return true;
}

/* One whole line of the buffer, or what is left at the end; false: there is none. */
static bool take_line(struct batch_input *in, const char **text, size_t *len)
{
	char *begin = in->buffer + in->begin;
	size_t have = in->end - in->begin;
	char *newline = memchr(begin, '\n', have);
	if (!newline && !(in->ended && have))
		return false;
	*text = begin;
	*len = newline ? (size_t)(newline - begin) : have;
	in->begin += *len + (newline ? 1 : 0);
	return true;
}

enum batch_next batch_input_next(struct batch_input *in, struct batch_line *out)
{
	const char *text;
	size_t len;
	for (;;) {
		if (take_line(in, &text, &len)) {
			bool bad = in->too_long || len >= BATCH_LINE_MAX;
			in->too_long = false;
			out->number = ++in->lines;
			enum err e = bad ? ERR_FORMAT : batch_line_parse(out, text, len, in->type);
			if (bad)
				out->why = "the line is longer than a name and a type can be";
			if (e != ERR_NEGATIVE)
				return e ? BATCH_BAD : BATCH_LINE;
			continue;
		}
		if (in->end - in->begin >= BATCH_LINE_MAX) {
			in->too_long = true;
			in->begin = in->end; /* the rest of it follows */
		}
		if (in->ended)
			return BATCH_END;
		if (!refill(in))
			return BATCH_WAIT;
	}
}
