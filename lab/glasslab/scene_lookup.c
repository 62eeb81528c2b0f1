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

/* Does this host serve the root zone? */
static bool serves_root(const struct demo *d, const char *host)
{
	json_t *zones = json_object_get(demo_host_facts(d, host), "zones"), *z;
	size_t i;

	json_array_foreach(zones, i, z)
	{
		if (strcmp(json_string_value(z), ".") == 0)
			return true;
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
	json_t *answer = json_object_get(result, "answer"), *rr;
	size_t i;

	json_array_foreach(answer, i, rr)
	{
		const char *type = json_string_value(json_object_get(rr, "type"));
		if (type && strcmp(type, "A") == 0)
			return json_string_value(json_object_get(rr, "data"));
	}
	return NULL;
}

static void act_root(struct demo *d, struct wire *w)
{
	static const char *const argv[] = {"dnsview", "trace", "--no-cache", "-4", NAME, NULL};
	static const char *const zones[] = {"edu-ns", "cmu-ns", "isr-ns", "mse-ns"};
	struct demo_process p;
	char path[512];

	demo_act(d, "root");
	int status = demo_run(d, &p, "laptop", DEMO_EVENTS, argv, NULL);
	demo_packets(
	    d, "What was on the wire (an arrow from end to end; the routers between are named)", dns_of_laptop, w);
	path_text(w, path, sizeof(path));
	const char *addr = first_address(p.result);
	demo_expect(d, "root-first", w->n_queries > 0 && serves_root(d, w->query[0].to),
	    "was a root server asked first?", "asked: %s", w->n_queries ? w->query[0].to : "nobody");
	demo_expect(d, "zone-by-zone", asked_in_order(w, zones, 4),
	    "then edu, cmu.edu, isr.cmu.edu, mse.isr.cmu.edu?", "on the wire: %s", path);
	demo_expect(d, "right-answer", status == 0 && addr && demo_has_address(d, "mse-www", addr),
	    "is the answer the address of the web server?", "answer: %s", addr ? addr : "none");
	demo_process_release(&p);
}

static size_t count_translated(const struct wire *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_queries && i < MAX_HOPS; i++)
		n += w->query[i].translated;
	return n;
}

static void act_nat(struct demo *d, const struct wire *v4)
{
	static const char *const argv[] = {"dnsview", "trace", "--no-cache", "-6", NAME, NULL};
	struct demo_process p;
	struct wire v6 = {0};

	demo_act(d, "nat");
	demo_expect(d, "nat-out", v4->n_queries > 0 && count_translated(v4) == v4->n_queries,
	    "did the router replace the source of each question?",
	    "%zu of %zu packets left with another source than they had at the laptop", count_translated(v4),
	    v4->n_queries);
	demo_expect(d, "nat-back", v4->n_answers > 0 && v4->n_answers == v4->n_queries,
	    "did each answer find its way back to the laptop?", "%zu questions, %zu answers", v4->n_queries,
	    v4->n_answers);
	int status = demo_run(d, &p, "laptop", DEMO_SILENT, argv, NULL);
	demo_packets(d, "The same lookup over IPv6", dns_of_laptop, &v6);
	demo_expect(d, "no-nat-in-ipv6", status == 0 && v6.n_queries > 0 && count_translated(&v6) == 0,
	    "and over IPv6?", "%zu of %zu packets changed their source: the laptop has an address of its own",
	    count_translated(&v6), v6.n_queries);
	demo_process_release(&p);
}

/* The queries that the program reports for its lookups: of all together, and of the last one (-1: it reports
 * none). */
static void reported_queries(const struct demo_process *p, json_int_t *all, json_int_t *last)
{
	json_t *ev;
	size_t i;

	*all = 0;
	*last = -1;
	json_array_foreach(p->events, i, ev)
	{
		json_t *q = json_object_get(json_object_get(ev, "data"), "queries");
		if (json_is_integer(q)) {
			*last = json_integer_value(q);
			*all += *last;
		}
	}
}

static void act_cache(struct demo *d)
{
	static const char *const argv[] = {"dnsview", "trace", "--no-cache", "--repeat", "1", NAME, NULL};
	struct demo_process p;
	struct wire w = {0};
	json_int_t all, last;

	demo_act(d, "cache");
	(void)demo_run(d, &p, "laptop", DEMO_RESULTS, argv, NULL);
	demo_packets(d, "On the wire, for both lookups together", dns_of_laptop, &w);
	reported_queries(&p, &all, &last);
	demo_expect(d, "cache-answers", last == 0, "was the second answer taken from the cache?",
	    "questions for the second lookup: %lld", (long long)last);
	demo_expect(d, "cache-on-the-wire", w.n_queries > 0 && (json_int_t)w.n_queries == all,
	    "does the wire say the same?", "%zu questions were on it, as many as the first lookup needs",
	    w.n_queries);
	demo_process_release(&p);
}

static void act_missing(struct demo *d)
{
	static const char *const argv[] = {"dnsview", "trace", "--no-cache", "missing.cmu.edu", NULL};
	static const char *const zones[] = {"edu-ns", "cmu-ns"};
	struct demo_process p;
	struct wire w = {0};
	char path[512];

	demo_act(d, "missing");
	int status = demo_run(d, &p, "laptop", DEMO_RESULTS, argv, NULL);
	demo_packets(d, "What was on the wire", dns_of_laptop, &w);
	const char *rcode = json_string_value(json_object_get(p.result, "rcode"));
	path_text(&w, path, sizeof(path));
	demo_expect(d, "nxdomain",
	    status == EXIT_NO && rcode && strcmp(rcode, "NXDOMAIN") == 0 && asked_in_order(&w, zones, 2),
	    "did the server of cmu.edu say that there is no such name?", "asked: %s; answer: %s, exit status %d",
	    path, rcode ? rcode : "none", status);
	demo_process_release(&p);
}

static void play(struct demo *d)
{
	struct wire first = {0};

	act_root(d, &first);
	if (d->err == ERR_OK && !cli_interrupted())
		act_nat(d, &first);
	if (d->err == ERR_OK && !cli_interrupted())
		act_cache(d);
	if (d->err == ERR_OK && !cli_interrupted())
		act_missing(d);
}

const struct scene scene_lookup = {
    .name = "lookup", .summary = "a DNS lookup from a root server, and what a cache saves", .play = play};
