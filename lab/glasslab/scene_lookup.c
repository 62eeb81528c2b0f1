/* The scene "lookup": a DNS lookup from a root server, on the wire, and what a cache saves.
 *
 * What dnsview says it did is held against the packets: whom it asked, in which order, what came back. */
#include <string.h>

#include "demo.h"

#define NAME     "www.mse.isr.cmu.edu"
#define MAX_HOPS 64

/* The questions and answers of one act, as they were on the wire. */
struct wire {
	struct {
		char to[LAB_HOST_MAX];
		bool translated; /* its source changed on the way */
	} query[MAX_HOPS];
	size_t n_queries, n_answers; /* by the laptop, to the laptop */
};

static bool is_dns(const struct packet *p)
{
	return packet_top(p)->proto == PROTO_DNS;
}

/* Takes the DNS messages that the laptop sent or was sent. */
static bool dns_of_laptop(void *ctx, const struct journey *j, const struct capture *c)
{
	struct wire *w = ctx;
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX];

	if (j->n == 0 || !is_dns(&j->at[0].packet))
		return false;
	journey_ends(j, c, from, to);
	if (strcmp(to, "laptop") == 0) {
		w->n_answers++;
		return true;
	}
	if (strcmp(from, "laptop") != 0)
		return false;
	if (w->n_queries < MAX_HOPS) {
		snprintf(w->query[w->n_queries].to, LAB_HOST_MAX, "%s", to);
		for (size_t i = 1; i < j->n; i++)
			w->query[w->n_queries].translated |=
			    (sighting_changes(&j->at[0].packet, &j->at[i].packet) & CHANGE_SRC) != 0;
	}
	w->n_queries++;
	return true;
}

static const char *role(const struct demo *d, const char *host)
{
	const json_t *hosts = json_object_get(lab_facts(d->lab), "hosts"), *h;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)hosts, i, h) {
		const char *name = json_string_value(json_object_get(h, "name"));
		if (name && strcmp(name, host) == 0)
			return json_string_value(json_object_get(h, "role"));
	}
	return NULL;
}

/* Is this address on an interface of that host? */
static bool host_has_address(const struct demo *d, const char *host, const char *addr)
{
	const json_t *hosts = json_object_get(lab_facts(d->lab), "hosts"), *h, *i, *a;
	size_t n, m, k;

	json_array_foreach ((json_t *)(uintptr_t)hosts, n, h) {
		if (strcmp(json_string_value(json_object_get(h, "name")), host) != 0)
			continue;
		json_array_foreach (json_object_get(h, "interfaces"), m, i) {
			json_array_foreach (json_object_get(i, "addresses"), k, a) {
				const char *text = json_string_value(a);
				size_t len = text ? strcspn(text, "/") : 0;
				if (len == strlen(addr) && strncmp(text, addr, len) == 0)
					return true;
			}
		}
	}
	return false;
}

/* The servers that were asked and answered, one line: "a-root, edu-ns, ...". */
static void path_text(const struct wire *w, char *out, size_t cap)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < w->n_queries && i < MAX_HOPS && at < cap; i++)
		at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? ", " : "", w->query[i].to);
}

/* Were these hosts asked in this order (others may stand between)? */
static bool asked_in_order(const struct wire *w, const char *const *hosts, size_t n)
{
	size_t next = 0;

	for (size_t i = 0; i < w->n_queries && i < MAX_HOPS && next < n; i++)
		next += strcmp(w->query[i].to, hosts[next]) == 0;
	return next == n;
}

static const char *first_address(const json_t *result)
{
	const json_t *answer = json_object_get(result, "answer"), *rr;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)answer, i, rr) {
		const char *type = json_string_value(json_object_get(rr, "type"));
		if (type && strcmp(type, "A") == 0)
			return json_string_value(json_object_get(rr, "data"));
	}
	return NULL;
}

static void act_root(struct demo *d, struct wire *w)
{
	static const char *const argv[] = {"dnsview", "trace", NAME, NULL};
	static const char *const zones[] = {"edu-ns", "cmu-ns", "isr-ns", "mse-ns"};
	struct demo_process p;
	char path[512];

	demo_act(d, "root");
	int status = demo_run(d, &p, "laptop", DEMO_EVENTS, argv, NULL);
	demo_packets(d, "What was on the wire (one arrow from end to end; the routers between are named)", dns_of_laptop, w);
	path_text(w, path, sizeof(path));
	const char *first = w->n_queries ? role(d, w->query[0].to) : NULL, *addr = first_address(p.result);
	demo_expect(d, "root-first", first && strstr(first, "root"), "was a root server asked first?", "asked: %s",
	    w->n_queries ? w->query[0].to : "nobody");
	demo_expect(d, "zone-by-zone", asked_in_order(w, zones, 4), "then edu, cmu.edu, isr.cmu.edu, mse.isr.cmu.edu?",
	    "on the wire: %s", path);
	demo_expect(d, "right-answer", status == 0 && addr && host_has_address(d, "mse-www", addr),
	    "is the answer the address of the web server?", "answer: %s", addr ? addr : "none");
	demo_process_release(&p);
}

static void act_nat(struct demo *d, const struct wire *w)
{
	size_t translated = 0, outside = 0;

	demo_act(d, "nat");
	for (size_t i = 0; i < w->n_queries && i < MAX_HOPS; i++) {
		translated += w->query[i].translated;
		outside++;
	}
	demo_expect(d, "nat-out", outside > 0 && translated == outside, "did the router replace the source of each question?",
	    "%zu of %zu packets left with another source than they had at the laptop", translated, outside);
	demo_expect(d, "nat-back", w->n_answers > 0 && w->n_answers == w->n_queries,
	    "did each answer find its way back to the laptop?", "%zu questions, %zu answers", w->n_queries, w->n_answers);
}

static void act_cache(struct demo *d, size_t once)
{
	static const char *const argv[] = {"dnsview", "trace", "--repeat", "2", NAME, NULL};
	struct demo_process p;
	struct wire w = {0};

	demo_act(d, "cache");
	(void)demo_run(d, &p, "laptop", DEMO_EVENTS, argv, NULL);
	demo_packets(d, "On the wire, for both lookups together", dns_of_laptop, &w);
	const json_t *lookups = json_object_get(p.result, "lookups");
	const json_t *second = json_array_get(lookups, 1), *q = json_object_get(second, "queries");
	demo_expect(d, "cache-on-the-wire", w.n_queries > 0 && w.n_queries <= once,
	    "did the second lookup send nothing?", "%zu questions for one lookup, %zu for two", once, w.n_queries);
	demo_expect(d, "cache-says-so", json_is_integer(q) && json_integer_value(q) == 0,
	    "does dnsview say the same?", "its second lookup: %lld questions",
	    json_is_integer(q) ? (long long)json_integer_value(q) : -1LL);
	demo_process_release(&p);
}

static void act_missing(struct demo *d)
{
	static const char *const argv[] = {"dnsview", "trace", "missing.cmu.edu", NULL};
	static const char *const zones[] = {"edu-ns", "cmu-ns"};
	struct demo_process p;
	struct wire w = {0};
	char path[512];

	demo_act(d, "missing");
	int status = demo_run(d, &p, "laptop", DEMO_EVENTS, argv, NULL);
	demo_packets(d, "What was on the wire", dns_of_laptop, &w);
	const char *rcode = json_string_value(json_object_get(p.result, "rcode"));
	path_text(&w, path, sizeof(path));
	demo_expect(d, "nxdomain", status == EXIT_NO && rcode && strcmp(rcode, "NXDOMAIN") == 0 &&
	        asked_in_order(&w, zones, 2), "did the server of cmu.edu say that there is no such name?",
	    "asked: %s; answer: %s, exit status %d", path, rcode ? rcode : "none", status);
	demo_process_release(&p);
}

static void play(struct demo *d)
{
	struct wire first = {0};

	act_root(d, &first);
	if (!cli_interrupted())
		act_nat(d, &first);
	if (!cli_interrupted())
		act_cache(d, first.n_queries);
	if (!cli_interrupted())
		act_missing(d);
}

const struct scene scene_lookup = {
    .name = "lookup", .summary = "a DNS lookup from a root server, and what a cache saves", .play = play};
