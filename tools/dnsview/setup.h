/* What the verbs have in common: the root hints, where we are, the file of the cache, a clock that was moved.
 */
#ifndef DNSVIEW_SETUP_H
#define DNSVIEW_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "cache_file.h"
#include "dnssec_anchor.h"
#include "glassnet/cli.h"
#include "glassnet/clock.h"
#include "hints.h"
#include "rng.h"

/* The root hints from a file, or (NULL) the ones compiled in. Returns an exit status; says what is wrong. */
int setup_hints(struct cli *c, const char *file, struct hints *out);

/* Trust anchors from a file, or (NULL) the lab's own, or those of the Internet. *place says where they come
 * from. Returns an exit status; says what is wrong. On EXIT_YES the caller releases *out. */
int setup_anchors(struct cli *c, const char *file, struct anchors *out, const char **place);

/* In the lab every address is one that the Internet does not route; the lab's own /run says where we are. */
bool setup_in_lab(void);

/* This machine's role on the map: its host name's first label. */
void setup_own_name(char *out, size_t cap);

/* The system's CSPRNG. */
struct rng setup_rng(void);

/* A clock that is ns ahead of the true one. */
struct moved_clock {
	int64_t ns;
	struct clock clock;
};
void moved_clock_init(struct moved_clock *m, int64_t ns);

/* "+3600" or "3600", in seconds; at most ten years. False: no such number. */
bool setup_clock_offset(const char *text, int64_t *ns);

/* The cache that outlives a command. path is empty where nothing is kept; asked_for: the user named it. */
struct kept_cache {
	char path[CACHE_PATH_MAX];
	bool asked_for;
};
/* file NULL: the usual place. Returns an exit status; says what is wrong. */
int kept_cache_choose(struct cli *c, struct kept_cache *k, const char *file);
int kept_cache_load(struct cli *c, struct kept_cache *k, struct cache *cache);
int kept_cache_save(struct cli *c, const struct kept_cache *k, const struct cache *cache, int64_t offset_ns);
/* What is wrong with the file, in words; returns the exit status. */
int kept_cache_fail(struct cli *c, const struct kept_cache *k, enum err e, size_t at);

#endif
