#include "cache_verb.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "setup.h"
#include "store.h"

#define DATA_TEXT 4096

/* Who said so, in the words of the protocol. */
static const char *kind_text(const struct cache_entry *e)
{
	switch ((enum cache_kind)e->kind) {
	case CACHE_ANSWER:
		return "answer";
	case CACHE_DELEGATION:
		return "referral";
	case CACHE_GLUE:
		return "glue";
	case CACHE_NODATA:
		return "no data";
	case CACHE_NXDOMAIN:
		return "no such name";
	case CACHE_FAILURE:
		return "failure";
	}
	return "";
}

static bool is_negative(const struct cache_entry *e)
{
	return e->kind == CACHE_NXDOMAIN || e->kind == CACHE_NODATA;
}

static char *time_text(char out[static 32], int64_t ns, bool date)
{
	time_t t = (time_t)(ns / NS_PER_S);
	struct tm tm;
	if (!gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(out, "?");
	if (!date && strlen(out) == 20)
		memmove(out, out + 11, 10);
	return out;
}

/* In the order of the tree, seen from the root. */
static int by_name(const void *a, const void *b)
{
	const struct cache_entry *x = *(const struct cache_entry *const *)a,
	                         *y = *(const struct cache_entry *const *)b;
	struct dname xn = cache_name(x), yn = cache_name(y);
	unsigned nx = dname_labels(&xn), ny = dname_labels(&yn);
	for (unsigned i = 1; i <= nx && i <= ny; i++) {
		struct dname p = xn, q = yn;
		char s[DNAME_TEXT], t[DNAME_TEXT];
		for (unsigned k = i; k < nx; k++)
			p = dname_parent(&p);
		for (unsigned k = i; k < ny; k++)
			q = dname_parent(&q);
		p = dname_lower(&p);
		q = dname_lower(&q);
		int d = strcmp(dname_text(s, &p), dname_text(t, &q));
		if (d)
			return d;
	}
	if (nx != ny)
		return nx < ny ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->type < y->type ? -1 : x->type > y->type;
}

static char *data_text(char out[static DATA_TEXT], const struct cache_entry *e)
{
	char one[1024];
	size_t n = 0;
	ldns_rr_list *rrs = cache_rrs(e, CACHE_DATA, 0);
	out[0] = '\0';
	for (size_t i = 0; i < ldns_rr_list_rr_count(rrs) && n < DATA_TEXT - sizeof(one) - 2; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(rrs, i);
		rdata_text(one, sizeof(one), rr);
		n += (size_t)snprintf(out + n, DATA_TEXT - n, "%s%s", n ? ", " : "", one);
	}
	ldns_rr_list_deep_free(rrs);
	return out;
}

static const char *security_text(const struct cache_entry *e)
{
	switch ((enum cache_security)e->security) {
	case CACHE_UNCHECKED:
		return "unchecked";
	case CACHE_SECURE:
		return "secure";
	case CACHE_INSECURE:
		return "insecure";
	case CACHE_BOGUS:
		return "bogus";
	}
	return "";
}

static char *from_text(char out[static DNAME_TEXT + IP_TEXT + 4], const struct cache_entry *e)
{
	char ip[IP_TEXT];
	struct dname server = cache_from(e);
	dname_text(out, &server);
	size_t n = strlen(out);
	if (n > 1)
		out[--n] = '\0';
	if (e->from_ip.family)
		snprintf(out + n, IP_TEXT + 4, " (%s)", ip_text(ip, &e->from_ip));
	return out;
}

#define INDENT 27 /* of the second line */

static void put_line(struct cli *c, const struct cache_entry *e, int64_t now, unsigned width)
{
	char name[DNAME_TEXT], type[TYPE_TEXT], data[DATA_TEXT], end[32], from[DNAME_TEXT + IP_TEXT + 4];
	char line[DNAME_TEXT + DATA_TEXT + 64], shown[sizeof(line)];
	const char *key = e->kind == CACHE_NXDOMAIN ? "*" : type_text(type, e->type);
	struct dname owner = cache_name(e);
	int n = snprintf(line, sizeof(line), "%6u s  until %s  %s %s %s", cache_left(e, now),
	    time_text(end, e->expires, false), dname_text(name, &owner), key,
	    is_negative(e) ? kind_text(e) : data_text(data, e));
	size_t room = width && (unsigned)n >= width && width > 20 ? width : sizeof(shown);
	escape_text(shown, room, line, strlen(line));
	snprintf(line, sizeof(line), "%s%s%s, from %s", kind_text(e), e->security ? ", " : "",
	    e->security ? security_text(e) : "", from_text(from, e));
	if (width)
		fprintf(c->out, "%s\n%*s", shown, INDENT, "");
	else
		fprintf(c->out, "%s  ← ", shown);
	write_wrapped(c->out, line, INDENT, INDENT, width);
}

static void put_json(struct cli *c, const struct cache_entry *e, int64_t now)
{
	char name[DNAME_TEXT], type[TYPE_TEXT], data[DATA_TEXT], end[32], begin[32], ip[IP_TEXT] = "",
	                                                                             from[DNAME_TEXT];
	json_t *list = json_array();
	struct dname owner = cache_name(e), server = cache_from(e);
	ldns_rr_list *rrs = cache_rrs(e, is_negative(e) ? CACHE_BESIDE : CACHE_IN, 0);
	for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++)
		json_array_append_new(list, json_string(rdata_text(data, sizeof(data), ldns_rr_list_rr(rrs, i))));
	ldns_rr_list_deep_free(rrs);
	if (e->from_ip.family)
		ip_text(ip, &e->from_ip);
	json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:o}", "name", dname_text(name, &owner),
	    "type", e->kind == CACHE_NXDOMAIN ? "*" : type_text(type, e->type), "kind", kind_text(e), "ttl",
	    (json_int_t)cache_left(e, now), "stored", time_text(begin, e->stored, true), "ends",
	    time_text(end, e->expires, true), "from", dname_text(from, &server), "address", ip, "security",
	    security_text(e), "data", list);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	fprintf(c->out, "%s\n", text ? text : "{}");
	free(text);
	json_decref(o);
}

static int show(struct cli *c, const struct cache_request *r, const struct kept_cache *k, struct cache *cache)
{
	int64_t now = clock_now(&clock_real) + r->offset_ns;
	size_t n = 0, held = cache_count(cache);
	const struct cache_entry **list = calloc(held ? held : 1, sizeof(*list));
	unsigned width = cli_style(c).width;
	if (!list)
		return cli_fail(c, ERR_NOMEM, "the cache cannot be shown");
	for (const struct cache_entry *e = cache_first(cache); e; e = cache_next(e))
		if (e->expires > now)
			list[n++] = e;
	qsort(list, n, sizeof(*list), by_name);
	if (r->json)
		fprintf(c->out, "{\"schema\":\"glassnet-dns-cache\",\"version\":1,\"entries\":%zu,\"expired\":%zu}\n",
		    n, held - n);
	for (size_t i = 0; i < n; i++) {
		if (r->json)
			put_json(c, list[i], now);
		else
			put_line(c, list[i], now, width);
	}
	if (!r->json)
		fprintf(c->out, "%s%zu entries in %s, %zu more are out of date; the times are UTC\n",
		    n ? "\n" : "nothing is known: ", n, k->path, held - n);
	free(list);
	return n ? EXIT_YES : EXIT_NO;
}

/* A server that has this file was asked first; most files have none. */
static int after_server(struct cli *c, const struct kept_cache *k, enum err e)
{
	if (!e || e == ERR_NEGATIVE)
		return EXIT_YES;
	return cli_fail(c, e, "%s.sock: the server that has this cache gave no answer", k->path);
}

int cache_show(struct cli *c, const struct cache_request *r)
{
	struct kept_cache k;
	size_t at;
	int status = kept_cache_choose(c, &k, r->file);
	if (status)
		return status;
	if (!*k.path)
		return cli_fail(c, ERR_IO, "there is no HOME and no XDG_CACHE_HOME: name the file");
	status = after_server(c, &k, store_ask_sync(k.path));
	if (status)
		return status;
	struct cache *cache = cache_new(CACHE_FILE_ENTRIES);
	enum err e = cache ? cache_file_load(cache, k.path, &at) : ERR_NOMEM;
	status = e ? kept_cache_fail(c, &k, e, at) : show(c, r, &k, cache);
	cache_free(cache);
	return status;
}

int cache_flush(struct cli *c, const struct cache_request *r)
{
	struct kept_cache k;
	size_t gone, at, by_server;
	int status = kept_cache_choose(c, &k, r->file);
	if (status)
		return status;
	if (!*k.path)
		return cli_fail(c, ERR_IO, "there is no HOME and no XDG_CACHE_HOME: name the file with --cache");
	enum err served = store_ask_forget(k.path, r->all ? NULL : &r->name, &by_server);
	status = after_server(c, &k, served);
	if (status)
		return status;
	enum err e = cache_file_flush(k.path, r->all ? NULL : &r->name, clock_now(&clock_real), &gone, &at);
	if (e)
		return kept_cache_fail(c, &k, e, at);
	fprintf(c->out, "%zu entries forgotten%s\n", served == ERR_OK ? by_server : gone,
	    served == ERR_OK ? " by the running server" : "");
	return EXIT_YES;
}
