/* Capture files. pcap is read by libpcap; pcapng by pcapng_read.c, since libpcap hides its names and
 * comments. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "glassnet/clock.h"
#include "private.h"

struct file_source {
	FILE *f; /* owned, unless pcap has it */
	pcap_t *pcap;
	struct pcapng_reader *ng;
	enum err failed;
	uint64_t off; /* of the next packet, where the file cannot tell */
	char path[80];
};

static void file_close(struct capture *c)
{
	struct file_source *s = c->source;
	pcapng_reader_free(s->ng);
	if (s->pcap)
		pcap_close(s->pcap);
	else if (s->f && s->f != stdin)
		fclose(s->f);
	free(s);
}

/* libpcap says what is wrong, but not where. */
static enum err pcap_damaged(struct capture *c, struct file_source *s)
{
	const char *why = pcap_geterr(s->pcap);
	bool truncated = strstr(why, "truncated") != NULL;
	capture_set_error(c, "%s: packet %llu, at offset %llu: %.140s", s->path, (unsigned long long)c->number + 1,
	    (unsigned long long)s->off, why);
	return s->failed = truncated ? ERR_TRUNCATED : ferror(s->f) ? ERR_IO : ERR_FORMAT;
}

static enum err pcap_file_next(struct capture *c, struct capture_packet *out)
{
	struct file_source *s = c->source;
	while (!s->failed) {
		struct pcap_pkthdr *h;
		const u_char *bytes;
		int got = pcap_next_ex(s->pcap, &h, &bytes);
		if (got == PCAP_ERROR_BREAK)
			s->failed = ERR_CLOSED;
		else if (got != 1)
			return pcap_damaged(c, s);
		if (s->failed)
			break;
		c->number++;
		s->off += 16 + h->caplen;
		int linktype = c->vantages[0]->linktype;
		size_t wire = h->len < h->caplen ? h->caplen : h->len;
		if (!filter_pass(&c->filter, linktype, bytes, h->caplen, wire))
			continue;
		out->packet =
		    (struct packet){.time = h->ts.tv_sec * NS_PER_S + h->ts.tv_usec, /* nanoseconds, as asked */
		        .number = c->number,
		        .bytes = bytes,
		        .len = h->caplen,
		        .wire_len = wire,
		        .linktype = linktype};
		return ERR_OK;
	}
	return s->failed;
}

static enum err file_next(struct capture *c, struct capture_packet *out, int64_t timeout_ns, int stop_fd)
{
	(void)timeout_ns;
	(void)stop_fd;
	struct file_source *s = c->source;
	return s->ng ? pcapng_reader_next(s->ng, c, out) : pcap_file_next(c, out);
}

static const struct capture_ops file_ops = {.next = file_next, .close = file_close};

/* Looks at the first octets without taking them away: they are the first four of the stream's buffer. */
static bool starts_like_pcapng(FILE *f, bool *empty)
{
	static const uint8_t shb[4] = {0x0a, 0x0d, 0x0d, 0x0a};
	int got[4];
	size_t n = 0;
	while (n < 4 && (got[n] = getc(f)) != EOF)
		n++;
	bool yes = n == 4;
	for (size_t i = 0; i < n; i++)
		yes = yes && got[i] == shb[i];
	*empty = n == 0;
	for (size_t i = n; i > 0; i--)
		ungetc(got[i - 1], f);
	return yes;
}

static enum err open_pcap(struct capture *c, struct file_source *s, char msg[static 256])
{
	char why[PCAP_ERRBUF_SIZE] = "";
	s->pcap = pcap_fopen_offline_with_tstamp_precision(s->f, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!s->pcap) {
		snprintf(msg, 256, "%s: neither pcap nor pcapng, at offset 0: %.120s", s->path, why);
		return strstr(why, "truncated") ? ERR_TRUNCATED : ERR_FORMAT;
	}
	s->off = 24;
	return capture_add_vantage(c, "", "", pcap_datalink(s->pcap));
}

static enum err open_stream(struct file_source *s, const char *path, char msg[static 256])
{
	bool is_stdin = strcmp(path, "-") == 0;
	snprintf(s->path, sizeof s->path, "%s", is_stdin ? "standard input" : path);
	s->f = is_stdin ? stdin : fopen(path, "rbe");
	struct stat st;
	if (s->f && fstat(fileno(s->f), &st) == 0 && S_ISDIR(st.st_mode))
		errno = EISDIR;
	else if (s->f)
		return ERR_OK;
	snprintf(msg, 256, "%s: %s", s->path, strerror(errno));
	return ERR_IO;
}

enum err capture_open_file(struct capture **out, const char *path, const char *filter, char msg[static 256])
{
	struct capture *c;
	*out = NULL;
	enum err e = capture_new(&c, &file_ops, filter, msg);
	if (e)
		return e;
	struct file_source *s = c->source = calloc(1, sizeof *s);
	bool empty = false;
	if (!s) {
		e = ERR_NOMEM;
		snprintf(msg, 256, "%s", err_text(e));
	} else {
		e = open_stream(s, path, msg);
	}
	if (!e && starts_like_pcapng(s->f, &empty)) {
		e = pcapng_reader_new(&s->ng, s->f, s->path);
	} else if (!e && ferror(s->f)) {
		e = ERR_IO;
		snprintf(msg, 256, "%s: cannot be read: %s", s->path, strerror(errno));
	} else if (!e && empty) {
		e = ERR_TRUNCATED;
		snprintf(msg, 256, "%s: empty, at offset 0: not even a file header", s->path);
	} else if (!e) {
		e = open_pcap(c, s, msg);
	}
	if (e) {
		capture_close(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}
