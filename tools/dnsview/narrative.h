/* The story of a lookup: every event that the resolver emits, in words. Nothing here decides anything.
 *
 * A sentence that teaches is told once in a narrator's life; what happens is told each time. Each refusal
 * says what was refused and which attack that stops. */
#ifndef DNSVIEW_NARRATIVE_H
#define DNSVIEW_NARRATIVE_H

#include "lookup.h"

/* the question, and the answer */
void tell_begin(struct lookup *l);
void tell_result(struct lookup *l);
void tell_path(struct lookup *l); /* the way as a tree, and what it cost (narrate_path.c) */
void tell_give_up(struct lookup *l, const struct frame *f, const char *why);

/* step 1 */
void tell_cache_hit(struct lookup *l, const struct frame *f, const struct cache_entry *e);
void tell_cache_miss(struct lookup *l, const struct frame *f);

/* step 2 */
void tell_best_servers(struct lookup *l, const struct frame *f);
void tell_address_refused(
    struct lookup *l, const struct frame *f, unsigned ns, const struct ip *ip, const char *what);
void tell_known_lame(struct lookup *l, const struct frame *f, unsigned ns, const struct ip *ip);

/* step 3; the ways that are not ordinary: narrate_ways.c */
void tell_chosen(struct lookup *l, const struct frame *f);
void tell_sent(struct lookup *l, const struct frame *f);
void tell_no_response(struct lookup *l, const struct frame *f, const struct dns_reply *reply);
void tell_parents_glue(struct lookup *l, const struct frame *f, unsigned n);
void tell_renewed(struct lookup *l, const struct frame *f);
void tell_ask_resolvers(struct lookup *l, const struct frame *f);
void tell_plain_case(struct lookup *l, const struct frame *f);
void tell_minimised(struct lookup *l, const struct frame *f);
void tell_childs_word(struct lookup *l, const struct frame *f);
void tell_no_cut(struct lookup *l, const struct frame *f);
void tell_minimise_relaxed(struct lookup *l, const struct frame *f, const struct analysis *a);
const char *tell_why_no_server(const struct lookup *l, const struct frame *f); /* static text */

void tell_ns_lookup(struct lookup *l, const struct frame *child);
void tell_ns_lookup_done(struct lookup *l, const struct frame *f, const struct frame *child, unsigned added);
void tell_needs_glue(struct lookup *l, const struct frame *f, unsigned ns);
void tell_ns_cycle(struct lookup *l, const struct frame *f, unsigned ns);
void tell_ns_bound(struct lookup *l, const struct frame *f, unsigned ns);

/* step 4 */
/* Packets that came while server was asked and were thrown away. */
void tell_stray_packets(struct trace *t, const char *server, const struct dns_reply *reply);
void tell_strays(struct lookup *l, const struct frame *f, const struct dns_reply *reply);
void tell_mismatch(struct lookup *l, const struct frame *f, const struct dns_reply *reply, enum match match);
void tell_case_changed(struct lookup *l, const struct frame *f, const struct dns_reply *reply);
void tell_malformed(struct lookup *l, const struct frame *f, const struct dns_reply *reply, enum err e, size_t at);
void tell_response(struct lookup *l, const struct frame *f, const struct dns_reply *reply, const struct message *m,
    const struct analysis *a);
void tell_truncated(struct lookup *l, const struct frame *f);
void tell_no_edns(struct lookup *l, const struct frame *f);
void tell_referral(struct lookup *l, const struct frame *f);
void tell_alias(struct lookup *l, const struct frame *f, const struct dname *target, bool from_cache);
void tell_alias_too_long(struct lookup *l, const struct frame *f);
void tell_dropped(struct lookup *l, const struct frame *f, const char *why);
void tell_hearsay(struct lookup *l, const struct frame *f, const char *why);
void tell_negative_not_kept(struct lookup *l, const struct frame *f, const struct analysis *a);

/* "loop1. -> loop2. -> loop1."; returns out */
#define ALIAS_LOOP_TEXT 320
const char *tell_alias_loop(const struct frame *f, const struct dname *target, char out[static ALIAS_LOOP_TEXT]);

/* Which records of a response are believed and which are not, and why. */
void tell_trust(struct lookup *l, const struct frame *f, const struct message *m, const struct analysis *a);

/* What goes into the cache; ttl as the server sent it. */
void tell_kept(struct lookup *l, const struct cache_put *p, uint32_t ttl);

/* --- words ------------------------------------------------------------------------------------- */

/* A host's name, without the last dot; a server's with its address: "k.root-servers.net (193.0.14.129)". */
#define HOST_TEXT   DNAME_TEXT
#define SERVER_TEXT (DNAME_TEXT + IP_TEXT + 4)
char *host_text(char out[static HOST_TEXT], const struct dname *n);
char *server_text(char out[static SERVER_TEXT], const struct frame *f, unsigned address);
/* "www.example. A" */
#define QUESTION_TEXT (DNAME_TEXT + TYPE_TEXT + 1)
char *question_text(char out[static QUESTION_TEXT], const struct dname *n, uint16_t type);
/* A zone, in a sentence: "the root zone", "edu." */
char *zone_text(char out[static DNAME_TEXT], const struct dname *n);

/* Every field of the message that was told last, as EV_FIELD. */
void tell_fields(const struct narrator *n, const uint8_t *bytes, size_t len);

/* Sentences that teach (explain.c). */
enum lesson {
	LESSON_ROOT,
	LESSON_RD,
	LESSON_GUESS,
	LESSON_REFERRAL,
	LESSON_GLUE,
	LESSON_TTL,
	LESSON_AUTHORITY,
	LESSON_ALIAS,
	LESSON_NXDOMAIN,
	LESSON_NODATA,
	LESSON_TRUNCATED,
	LESSON_LAME,
	LESSON_SILENT,
	LESSON_UNREACHABLE,
	LESSON_GLUELESS,
	LESSON_CACHE,
	LESSON_CACHE_PARTLY,
	LESSON_GHOST,
	LESSON_MINIMISE,
	LESSON_COUNT
};
void teach(struct narrator *n, enum lesson lesson);

/* The result as a JSON object, which the caller frees (report.c). NULL: out of memory. */
char *result_json(const struct lookup_result *res);

#endif
