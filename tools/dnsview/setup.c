#include "setup.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int setup_hints(struct cli *c, const char *file, struct hints *out)
{
	struct hints_error where;
	enum err e =
	    file ? hints_load(out, file, &where) : hints_parse(out, root_hints_text, strlen(root_hints_text), &where);
	if (e == ERR_OK)
		return EXIT_YES;
	if (e == ERR_IO)
		return cli_fail(c, e, "%s: %s", file, strerror(errno));
	return cli_fail(c, e, "%s: line %u: %s", file ? file : "built-in root hints", where.line, where.why);
}

int setup_anchors(struct cli *c, const char *file, struct anchors *out, const char **place)
{
	struct hints_error where;
	if (!file && access(LAB_ANCHOR, F_OK) == 0)
		file = LAB_ANCHOR;
	*place = file ? file : "the root keys that IANA published";
	enum err e = file ? anchors_load(out, file, &where)
	                  : anchors_parse(out, root_anchors_text, strlen(root_anchors_text), &where);
	if (e == ERR_OK)
		return EXIT_YES;
	if (e == ERR_IO)
		return cli_fail(c, e, "%s: %s", file, strerror(errno));
	return cli_fail(c, e, "%s: line %u: %s", file ? file : "built-in trust anchors", where.line, where.why);
}

bool setup_in_lab(void)
{
	return access("/run/glassnet", F_OK) == 0;
}

void setup_own_name(char *out, size_t cap)
{
	if (gethostname(out, cap) != 0 || !*out)
		strcpy(out, "here");
	out[cap - 1] = '\0';
	out[strcspn(out, ".")] = '\0';
}

static void random_fill(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	randombytes_buf(buf, len);
}

struct rng setup_rng(void)
{
	return (struct rng){.fill = random_fill};
}

/* --- the clock --------------------------------------------------------------------------------------------
 */

static int64_t moved_now(void *ctx)
{
	const struct moved_clock *m = ctx;
	return clock_now(&clock_real) + m->ns;
}

void moved_clock_init(struct moved_clock *m, int64_t ns)
{
	*m = (struct moved_clock){.ns = ns, .clock = {.now = moved_now, .ctx = m}};
}

bool setup_clock_offset(const char *text, int64_t *ns)
{
	char *end;
	text += *text == '+';
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	unsigned long s = strtoul(text, &end, 10);
	if (errno || end[strspn(end, " \r\n")] || s > 3660ul * 86400)
		return false;
	*ns = (int64_t)s * NS_PER_S;
	return true;
}

/* --- the cache between commands ---------------------------------------------------------------------------
 */

int kept_cache_choose(struct cli *c, struct kept_cache *k, const char *file)
{
	*k = (struct kept_cache){.asked_for = file != NULL};
	if (!file) {
		if (!cache_file_default(k->path, setup_in_lab()))
			k->path[0] = '\0';
		return EXIT_YES;
	}
	if (!*file || strlen(file) >= sizeof(k->path))
		return cli_usage(c, "--cache: this is no file name");
	strcpy(k->path, file);
	return EXIT_YES;
}

int kept_cache_fail(struct cli *c, const struct kept_cache *k, enum err e, size_t at)
{
	if (e == ERR_IO)
		return cli_fail(c, e, "%s: %s", k->path, strerror(errno));
	if (e == ERR_VERSION)
		return cli_fail(c, ERR_FORMAT, "%s: this is not a cache that dnsview wrote", k->path);
	return cli_fail(
	    c, e == ERR_NOMEM ? e : ERR_FORMAT, "%s: damaged at offset %zu: %s", k->path, at, err_text(e));
}

int kept_cache_load(struct cli *c, struct kept_cache *k, struct cache *cache)
{
	size_t at;
	if (!*k->path)
		return EXIT_YES;
	enum err e = cache_file_load(cache, k->path, &at);
	if (!e)
		return EXIT_YES;
	if (k->asked_for)
		return kept_cache_fail(c, k, e, at);
	if (e == ERR_IO) {
		cli_warn(c, "%s: %s: what was learnt before is not used", k->path, strerror(errno));
		k->path[0] = '\0';
	} else {
		cli_warn(c, "%s is damaged at offset %zu; it is written anew", k->path, at);
	}
	return EXIT_YES;
}

int kept_cache_save(struct cli *c, const struct kept_cache *k, const struct cache *cache, int64_t offset_ns)
{
	size_t at;
	struct cache_save s = {
	    .path = k->path, .now = clock_now(&clock_real), .offset_ns = offset_ns, .replace = !k->asked_for};
	if (!*k->path)
		return EXIT_YES;
	enum err e = k->asked_for ? ERR_OK : cache_file_make_folder(k->path);
	if (!e)
		e = cache_file_save(cache, &s, &at);
	if (!e)
		return EXIT_YES;
	if (k->asked_for)
		return kept_cache_fail(c, k, e, at);
	cli_warn(c, "%s: what was learnt is not kept: %s", k->path, e == ERR_IO ? strerror(errno) : err_text(e));
	return EXIT_YES;
}
