#include "template.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "signer.h"
#include "ssh_words.h"

/* What stands between @{ and }, split at blanks. */
#define WORDS_MAX  4
#define SPOT_MAX   128
#define NUMBER_MAX 9999999999 /* ten digits: an account number */

struct spot {
	char text[SPOT_MAX];
	size_t n;
	char *word[WORDS_MAX];
};

static bool split(struct spot *s, const char *from, size_t len)
{
	if (len >= sizeof s->text)
		return false;
	memcpy(s->text, from, len);
	s->text[len] = '\0';
	s->n = 0;
	char *save = NULL;
	for (char *p = strtok_r(s->text, " \t", &save); p; p = strtok_r(NULL, " \t", &save)) {
		if (s->n == WORDS_MAX)
			return false;
		s->word[s->n++] = p;
	}
	return s->n > 0;
}

static bool put_zones(FILE *out, const struct topo_host *h)
{
	for (size_t i = 0; i < h->n_zones; i++)
		fprintf(out, "  - domain: \"%s\"\n    file: \"%s.zone\"\n", h->zone[i],
		    strcmp(h->zone[i], ".") == 0 ? "root" : h->zone[i]);
	return true;
}

static bool put_addr(FILE *out, const struct template_ctx *ctx, const struct spot *s, uint8_t family)
{
	int h = s->n == 2 ? topology_host(ctx->t, s->word[1]) : -1;
	if (s->n > 2 || (s->n == 2 && h < 0))
		return false;
	const struct ip *a = topology_addr(h < 0 ? ctx->host : &ctx->t->host[h], family);
	char text[IP_TEXT];
	if (a)
		fputs(ip_text(text, a), out);
	return a != NULL;
}

static bool put_mac(FILE *out, const struct template_ctx *ctx, const struct spot *s)
{
	int h = s->n == 2 ? topology_host(ctx->t, s->word[1]) : -1;
	char text[MAC_TEXT];
	if (h < 0 || ctx->t->host[h].n_ifaces == 0)
		return false;
	return fputs(mac_text(text, &ctx->t->host[h].iface[0].mac), out) >= 0;
}

static bool put_word(FILE *out, const struct template_ctx *ctx, const struct spot *s)
{
	char word[WORD_CHARS + 1];
	if (s->n != 2)
		return false;
	seed_word(ctx->seed, s->word[1], word, WORD_CHARS);
	fputs(word, out);
	sodium_memzero(word, sizeof word);
	return true;
}

static bool put_number(FILE *out, const struct template_ctx *ctx, const struct spot *s)
{
	if (s->n != 4)
		return false;
	char *end1, *end2;
	unsigned long long min = strtoull(s->word[2], &end1, 10), max = strtoull(s->word[3], &end2, 10);
	if (*end1 || *end2 || *s->word[2] == '-' || *s->word[3] == '-' || min > max || max > NUMBER_MAX)
		return false;
	fprintf(out, "%llu", (unsigned long long)seed_number(ctx->seed, s->word[1], min, max));
	return true;
}

static bool put(FILE *out, const struct template_ctx *ctx, const struct spot *s)
{
	const char *what = s->word[0];
	if (strcmp(what, "run") == 0 && s->n == 1)
		return fputs(HOST_RUN, out) >= 0;
	if (strcmp(what, "host") == 0 && s->n == 1)
		return fputs(ctx->host->name, out) >= 0;
	if (strcmp(what, "title") == 0 && s->n == 1)
		return fputs(ctx->host->title, out) >= 0;
	if (strcmp(what, "zones") == 0 && s->n == 1)
		return put_zones(out, ctx->host);
	if (strcmp(what, "ip4") == 0)
		return put_addr(out, ctx, s, 4);
	if (strcmp(what, "ip6") == 0)
		return put_addr(out, ctx, s, 6);
	if (strcmp(what, "mac") == 0)
		return put_mac(out, ctx, s);
	if (strcmp(what, "dnskey") == 0)
		return s->n == 2 && signer_put_dnskey(out, ctx->seed, s->word[1]);
	if (strcmp(what, "ds") == 0)
		return s->n == 2 && signer_put_ds(out, ctx->seed, s->word[1]);
	if (strcmp(what, "word") == 0)
		return put_word(out, ctx, s);
	if (strcmp(what, "number") == 0)
		return put_number(out, ctx, s);
	return ssh_words_put(out, ctx->seed, s->n, s->word);
}

enum err template_fill(FILE *out, const char *text, const char *name, const struct template_ctx *ctx, struct why *w)
{
	unsigned line = 1;
	for (const char *p = text; *p;) {
		const char *at = strstr(p, "@{");
		size_t plain = at ? (size_t)(at - p) : strlen(p);
		for (size_t i = 0; i < plain; i++)
			line += p[i] == '\n';
		fwrite(p, 1, plain, out);
		if (!at)
			break;
		const char *end = strpbrk(at, "}\n");
		struct spot spot;
		if (!end || *end != '}')
			return why(w, ERR_FORMAT, "%s:%u: @{ without its } on the same line", name, line);
		if (!split(&spot, at + 2, (size_t)(end - at) - 2) || !put(out, ctx, &spot))
			return why(w, ERR_FORMAT, "%s:%u: %.*s is nothing that can be filled in", name, line,
			    (int)(end - at) + 1, at);
		p = end + 1;
	}
	return ferror(out) ? why_errno(w, ERR_IO, "%s cannot be filled in", name) : ERR_OK;
}

enum err template_text(
    char *out, size_t cap, const char *text, const char *name, const struct template_ctx *ctx, struct why *w)
{
	char *buf = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&buf, &len);
	if (!f)
		return why(w, ERR_NOMEM, "out of memory");
	enum err e = template_fill(f, text, name, ctx, w);
	if (fclose(f) != 0 && e == ERR_OK)
		e = why(w, ERR_NOMEM, "out of memory");
	if (e == ERR_OK && len >= cap)
		e = why(w, ERR_TOO_LONG, "%s: too long when filled in", name);
	if (e == ERR_OK)
		memcpy(out, buf, len + 1);
	if (buf)
		sodium_memzero(buf, len);
	free(buf);
	return e;
}
