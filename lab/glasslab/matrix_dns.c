/* The matrix: mallory answers for the bank in every name server's place. Who believes it? */
#include <arpa/inet.h>
#include <string.h>

#include "matrix.h"
#include "matrix_find.h"

#define NAME  "bank.example"
#define CACHE MATRIX_FOLDER "/dns"

struct lookup {
	struct demo_process dnsview;
	int status;
	char address[INET_ADDRSTRLEN]; /* the answer's; "" where there is none, or none that may be used */
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* --- the laptop --- */

/* The answer is in the first result; with --dnssec a second one says whether it may be used. */
static void take_address(struct lookup *l)
{
	for (size_t i = 0; i < json_array_size(l->dnsview.events) && !l->address[0]; i++) {
		const json_t *data = json_object_get(json_array_get(l->dnsview.events, i), "data");
		const json_t *rr = json_array_get(json_object_get(data, "answer"), 0);
		snprintf(l->address, sizeof(l->address), "%s", text_of(rr, "data"));
	}
	if (l->status != EXIT_YES)
		l->address[0] = '\0';
}

/* dnsview trace -4 OPTIONS… bank.example, on the laptop. */
static void look_up(struct matrix *m, struct lookup *l, const char *const options[])
{
	const char *argv[16] = {"dnsview", "trace", "-4"};
	size_t n = 3;

	for (size_t i = 0; options[i] && n < 14; i++)
		argv[n++] = options[i];
	argv[n] = NAME;
	demo_process_release(&l->dnsview);
	l->address[0] = '\0';
	l->status = demo_run(m->d, &l->dnsview, "laptop", DEMO_EVENTS, argv, NULL);
	take_address(l);
}

static bool is_true(const struct matrix *m, const struct lookup *l)
{
	return l->address[0] && demo_has_address(m->d, "bank", l->address);
}

static bool is_mallorys(const struct matrix *m, const struct lookup *l)
{
	return l->address[0] && demo_has_address(m->d, "mallory", l->address);
}

/* --- mallory --- */

/* mallory's address at the airport, as it stands in packets; false: it has none. */
static bool own_address(const struct matrix *m, struct in_addr *out)
{
	const json_t *interfaces = json_object_get(demo_host_facts(m->d, "mallory"), "interfaces"), *i;
	char text[64];
	size_t n;

	json_array_foreach(interfaces, n, i)
	{
		const char *a = json_string_value(json_array_get(json_object_get(i, "addresses"), 0));
		if (!a || strcmp(text_of(i, "name"), "lan") != 0)
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(a, "/"), a);
		return inet_pton(AF_INET, text, out) == 1;
	}
	return false;
}

/* Does this packet answer with that address? */
static bool is_lie(void *ctx, const struct packet *p)
{
	return p->src.port == 53 && memmem(p->bytes + p->payload_off, p->payload_len, ctx, sizeof(struct in_addr));
}

static bool begin_lying(struct matrix *m)
{
	static const char *const options[] = {"--dns-spoof", NULL};

	return matrix_freewifi(m, options);
}

/* Ends the lies. Were there any that mallory tells of, and that came to the laptop? The packet of the first; 0: no. */
static uint64_t end_lying(struct matrix *m)
{
	struct in_addr own;
	struct packet_find lie = {.port = 53, .is = is_lie, .ctx = &own, .to = "laptop"};
	const json_t *result = matrix_freewifi_end(m);
	bool told = json_array_size(json_object_get(result, "dns_spoofed")) > 0;

	if (!own_address(m, &own))
		return 0;
	packet_find(m->d, "Names, asked and answered", &lie);
	return told ? lie.first : 0;
}

static void tried(struct outcome *o, uint64_t lie)
{
	cell_tried(o, lie != 0, "answered for " NAME " with its own address, in the asked name server's place");
}

static void take_loot(struct matrix *m, struct outcome *o, const struct lookup *l)
{
	if (is_mallorys(m, l))
		cell_got(o, true, "the laptop's belief that " NAME " is %s: whatever it sends there comes to mallory",
		    l->address);
	else
		cell_not_got(o, "the laptop's belief: it has %s",
		    is_true(m, l) ? "the bank's own address" : "no address that it would use");
}

/* --- the cells --- */

static void plain(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--no-cache", NULL};
	struct lookup l = {.dnsview = {.pid = -1, .out = -1}};

	if (begin_lying(m)) {
		look_up(m, &l, options);
		uint64_t lie = end_lying(m);
		tried(o, lie);
		take_loot(m, o, &l);
		cell_decided(o, "none", lie,
		    "no check was asked: the answer came from the asked server's address, and nothing else is looked "
		    "at");
	}
	demo_process_release(&l.dnsview);
}

/* A check that refuses everything has shown nothing: the true answer must pass it. */
static void try_true_answer(struct matrix *m, struct outcome *o, struct lookup *l, const char *const options[])
{
	ev_heading(&m->d->trace, "The same without the lie");
	look_up(m, l, options);
	if (is_true(m, l) && strcmp(text_of(l->dnsview.result, "security"), "secure") == 0)
		return;
	ev_warning(&m->d->trace, "the true answer is refused, too");
	o->ran = false;
}

static void dnssec(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--dnssec", NULL};
	struct lookup l = {.dnsview = {.pid = -1, .out = -1}};

	if (begin_lying(m)) {
		look_up(m, &l, options);
		uint64_t lie = end_lying(m);
		tried(o, lie);
		take_loot(m, o, &l);
		(void)!cell_decided_by(o, &l.dnsview, NULL, lie);
		if (!o->reached)
			try_true_answer(m, o, &l, options);
	}
	demo_process_release(&l.dnsview);
}

/* Looked up at home, asked again at the airport, so many seconds later. */
static void remembered(struct matrix *m, struct outcome *o, const char *later)
{
	static const char *const at_home[] = {"--cache", CACHE, NULL}, *const nothing_known[] = {"--no-cache", NULL};
	const char *const away[] = {"--cache", CACHE, "--clock", later, NULL};
	struct lookup l = {.dnsview = {.pid = -1, .out = -1}}, control = l;

	if (!matrix_home(m))
		return;
	look_up(m, &l, at_home);
	if (!is_true(m, &l))
		ev_warning(&m->d->trace, "the name could not be looked up at home");
	else if (begin_lying(m)) {
		look_up(m, &l, away);
		json_int_t asked = json_integer_value(json_object_get(l.dnsview.result, "queries"));
		/* Nobody is asked, so nobody lies: that there is somebody who would is seen when one does ask. */
		ev_heading(&m->d->trace, "The same with an empty cache");
		look_up(m, &control, nothing_known);
		uint64_t lie = end_lying(m);
		tried(o, is_mallorys(m, &control) ? lie : 0);
		take_loot(m, o, &l);
		if (asked > 0)
			cell_decided(o, "none", lie,
			    "what was known had ended, so a server was asked; nothing else is looked at");
		else if (is_true(m, &l))
			cell_decided(o, "cache", 0, "what was learnt at home is still valid: no server was asked");
	}
	demo_process_release(&l.dnsview);
	demo_process_release(&control.dnsview);
}

static void cached(struct matrix *m, struct outcome *o)
{
	remembered(m, o, "+0");
}

static void ended(struct matrix *m, struct outcome *o)
{
	remembered(m, o, "+86400");
}

/* The other way round: the lie is remembered, and carried home. */
static void carried_home(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--cache", CACHE, NULL};
	struct lookup l = {.dnsview = {.pid = -1, .out = -1}};

	if (begin_lying(m)) {
		look_up(m, &l, options);
		uint64_t lie = end_lying(m);
		tried(o, lie);
		if (matrix_home(m)) {
			look_up(m, &l, options);
			take_loot(m, o, &l);
			cell_decided(o, "none", lie,
			    "no check was asked: the lie is in the cache, and the cache is asked first, at home, "
			    "too");
		}
	}
	demo_process_release(&l.dnsview);
}

static const struct cell cells[] = {
    {"dns/plain", plain},
    {"dns/dnssec", dnssec},
    {"dns/cached", cached},
    {"dns/ended", ended},
    {"dns/carried-home", carried_home},
};

const struct cell_family matrix_dns = {.name = "dns", .cells = cells, .n = sizeof(cells) / sizeof(cells[0])};
