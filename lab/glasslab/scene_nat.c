/* The scene "nat": many machines share one address, a server sees which customer asks and not which machine, and
 * nobody outside starts a conversation unless a line in the router says to whom it goes. */
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "glassnet/addr_kind.h"

#define PAGE    "http://whatismyip.example/"
#define STUN    "stun:whatismyip.example"
#define PORT    8080
#define FORWARD "portforward" /* the table that act 5 makes */
#define PLACES  16
#define SIDES   4

enum { TEXT = ENDPOINT_TEXT };

/* What one machine was told. */
struct told {
	int status;
	char local[TEXT], local_ip[TEXT], seen[TEXT], mapped[TEXT];
};

/* One packet at one host: as it left it, or as it came in at the end. */
struct view {
	char host[LAB_HOST_MAX];
	char src[TEXT], dst[TEXT];
	unsigned ttl;
	bool out;
};

struct watched {
	char from[LAB_HOST_MAX]; /* only packets that this host sent */
	uint16_t port;           /* to this port */
	size_t n;                /* packets */
	size_t n_views;
	struct view view[PLACES]; /* of the first of them */
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

/* --- the packets ------------------------------------------------------------------------------------------------ */

static void note_view(struct watched *w, const struct sighting *s, const struct capture *c)
{
	const struct vantage *v = capture_vantage(c, s->vantage);
	struct view *last = w->n_views ? &w->view[w->n_views - 1] : NULL;
	if (!v)
		return;
	if (last && strcmp(last->host, v->host) == 0)
		w->n_views--; /* what counts of a host is what it sends on */
	if (w->n_views == PLACES)
		return;
	struct view *n = &w->view[w->n_views++];
	*n = (struct view){.ttl = s->packet.ttl, .out = s->outgoing};
	snprintf(n->host, sizeof n->host, "%s", v->host);
	endpoint_text(n->src, &s->packet.src);
	endpoint_text(n->dst, &s->packet.dst);
}

static bool look(void *ctx, const struct journey *j, const struct capture *c)
{
	struct watched *w = ctx;
	const struct vantage *v = j->n ? capture_vantage(c, j->at[0].vantage) : NULL;
	if (!v || strcmp(v->host, w->from) != 0 || j->at[0].packet.dst.port != w->port)
		return false;
	if (w->n++ == 0)
		for (size_t i = 0; i < j->n; i++)
			note_view(w, &j->at[i], c);
	return w->n == 1 || j->at[0].packet.payload_len > 0; /* the handshake goes the same way */
}

static const struct view *view_at(const struct watched *w, const char *host)
{
	for (size_t i = 0; i < w->n_views; i++)
		if (strcmp(w->view[i].host, host) == 0)
			return &w->view[i];
	return NULL;
}

/* --- asking ---------------------------------------------------------------------------------------------------------- */

static struct told ask(struct demo *d, const char *host, enum demo_output how, const char *whom)
{
	const char *const argv[] = {"natview", "whoami", "-4", "--sockets", "1", whom, NULL};
	struct demo_process p;
	struct told t = {.status = demo_run(d, &p, host, how, argv, NULL)};
	const json_t *socket = json_array_get(json_object_get(p.result, "sockets"), 0);
	snprintf(t.local, TEXT, "%s", text_of(socket, "local"));
	snprintf(t.mapped, TEXT, "%s", text_of(socket, "mapped"));
	snprintf(t.seen, TEXT, "%s", text_of(p.result, "address"));
	snprintf(t.local_ip, TEXT, "%.*s", (int)strcspn(t.local, ":"), t.local);
	demo_process_release(&p);
	return t;
}

/* --- acts --------------------------------------------------------------------------------------------------------------- */

static void act_same(struct demo *d)
{
	demo_act(d, "same");
	struct told laptop = ask(d, "laptop", DEMO_RESULTS, PAGE), vm = ask(d, "vm", DEMO_RESULTS, PAGE);
	demo_expect(d, "own-addresses",
	    demo_has_address(d, "laptop", laptop.local_ip) && demo_has_address(d, "vm", vm.local_ip) &&
	        strcmp(laptop.local_ip, vm.local_ip) != 0,
	    "has each an address of its own?", "laptop: %s, vm: %s", laptop.local_ip, vm.local_ip);
	demo_expect(d, "one-outside",
	    *laptop.seen && strcmp(laptop.seen, vm.seen) == 0 && demo_has_address(d, "home-router", laptop.seen),
	    "are both told the home router's address?", "the laptop is told %s, the vm %s", laptop.seen, vm.seen);
}

/* Four lines, one a place. In JSON an event each. */
static void show_views(struct demo *d, const struct watched *w, const char *const sides[SIDES])
{
	for (size_t i = 0; i < SIDES; i++) {
		const struct view *v = view_at(w, sides[i]);
		if (v)
			ev_decision(&d->trace, "view", NULL, "%-11s %-8s from %-21s to %s, TTL %u", v->host,
			    v->out ? "sends it" : "gets it", v->src, v->dst, v->ttl);
	}
}

static void act_views(struct demo *d)
{
	static const char *const sides[SIDES] = {"vm", "laptop", "home-router", "whatismyip"};
	struct watched w = {.from = "vm", .port = 3478};
	const struct view *v[SIDES];
	size_t there = 0, same_destination = 0;
	demo_act(d, "views");
	struct told vm = ask(d, "vm", DEMO_RESULTS, STUN);
	demo_packets(d, "The question on its way", look, &w);
	show_views(d, &w, sides);
	for (size_t i = 0; i < SIDES; i++) {
		v[i] = view_at(&w, sides[i]);
		there += v[i] != NULL;
		same_destination += v[i] && v[0] && strcmp(v[i]->dst, v[0]->dst) == 0;
	}
	demo_expect(d, "seen-at-four", there == SIDES && same_destination == SIDES,
	    "was it seen at all four, for the same destination?", "at %zu of %d, and %zu had the same destination",
	    there, SIDES, same_destination);
	if (there < SIDES)
		return;
	demo_expect(d, "two-nats",
	    strcmp(v[0]->src, vm.local) == 0 && strcmp(v[0]->src, v[1]->src) != 0 &&
	        strcmp(v[1]->src, v[2]->src) != 0 && strcmp(v[2]->src, v[3]->src) == 0,
	    "did laptop and home router each put another source in its place?", "%s, then %s, then %s", v[0]->src,
	    v[1]->src, v[2]->src);
	demo_expect(d, "server-tells", strcmp(v[3]->src, vm.mapped) == 0, "did the server answer what it saw?",
	    "it saw %s, and said %s", v[3]->src, vm.mapped);
	demo_expect(d, "ttl", v[0]->ttl == v[1]->ttl + 1 && v[1]->ttl == v[2]->ttl + 1 && v[2]->ttl > v[3]->ttl,
	    "did every router take one off the TTL?", "%u, %u, %u, and %u at the server (isp and core are between)",
	    v[0]->ttl, v[1]->ttl, v[2]->ttl, v[3]->ttl);
}

static void act_customers(struct demo *d)
{
	struct watched w = {.from = "bob", .port = 3478};
	demo_act(d, "customers");
	struct told alice = ask(d, "laptop", DEMO_RESULTS, STUN), bob = ask(d, "bob", DEMO_RESULTS, STUN);
	demo_packets(d, "Bob's question on its way", look, &w);
	const struct view *between = view_at(&w, "bob-router");
	struct endpoint there;
	bool shared = between && endpoint_parse(&there, between->src, 0) == ERR_OK &&
	              strcmp(addr_kind(&there.ip)->name, "shared") == 0;
	demo_expect(d, "same-inside", *alice.local_ip && strcmp(alice.local_ip, bob.local_ip) == 0,
	    "have both laptops the same address?", "Alice's: %s, Bob's: %s", alice.local_ip, bob.local_ip);
	demo_expect(d, "carrier", shared,
	    "is there an address of 100.64.0.0/10 between Bob's router and the carrier's NAT?",
	    "there Bob's packet comes from %s", between ? between->src : "nowhere that was seen");
	demo_expect(d, "told-apart",
	    *alice.seen && *bob.seen && strcmp(alice.seen, bob.seen) != 0 && demo_has_address(d, "cgn", bob.seen),
	    "does the server see two addresses?", "Alice is %s, Bob is %s", alice.seen, bob.seen);
}

/* The first address on that interface of a host, as text; "" where there is none. */
static void address_of(struct demo *d, const char *host, size_t interface, char out[static TEXT])
{
	const json_t *ifaces = json_object_get(demo_host_facts(d, host), "interfaces");
	const char *a =
	    json_string_value(json_array_get(json_object_get(json_array_get(ifaces, interface), "addresses"), 0));
	snprintf(out, TEXT, "%.*s", a ? (int)strcspn(a, "/") : 0, a ? a : "");
}

static bool start_server(struct demo *d, struct demo_process *p, const char *at)
{
	char port[8];
	snprintf(port, sizeof port, "%d", PORT);
	const char *const argv[] = {"natview", "serve", "--listen", at, "--http", port, NULL};
	bool ready =
	    demo_start(d, p, "laptop", DEMO_SILENT, argv, NULL) && demo_follow(d, p, "decision", "listening");
	demo_expect(d, "server-runs", ready, "does a server run on the laptop?", "natview serve %s port %d",
	    ready ? "listens at" : "did not start at", PORT);
	return ready;
}

static void act_inward(struct demo *d, const char *outside)
{
	char to[TEXT + 8];
	struct watched w = {.from = "bank", .port = PORT};
	struct demo_process p;
	demo_act(d, "inward");
	snprintf(to, sizeof to, "%s:%d", outside, PORT);
	const char *const argv[] = {"natview", "deliver", "--timeout", "0.5", to, NULL};
	int status = demo_run(d, &p, "bank", DEMO_RESULTS, argv, NULL);
	demo_packets(d, "On the wire", look, &w);
	demo_expect(d, "refused", status == EXIT_NO && view_at(&w, "home-router") && !view_at(&w, "laptop"),
	    "did it end at the home router?",
	    "seen at the home router: %s, at the laptop: %s; natview's exit status: %d",
	    view_at(&w, "home-router") ? "yes" : "no", view_at(&w, "laptop") ? "yes" : "no", status);
	demo_process_release(&p);
}

static void act_forward(struct demo *d, const char *outside, const char *inside)
{
	char rules[512], url[TEXT + 32], want[TEXT + 8];
	struct watched w = {.from = "bank", .port = PORT};
	struct demo_process p;
	demo_act(d, "forward");
	snprintf(rules, sizeof rules,
	    "add table ip " FORWARD "; add chain ip " FORWARD " in { type nat hook prerouting priority -110; }; "
	    "add rule ip " FORWARD " in iifname \"wan\" tcp dport %d dnat to %s:%d",
	    PORT, inside, PORT);
	const char *const nft[] = {"nft", rules, NULL};
	int made = demo_run(d, &p, "home-router", DEMO_TEXT, nft, NULL);
	demo_process_release(&p);
	demo_expect(d, "forward-made", made == 0, "did the router take the line?", "nft: exit status %d", made);
	snprintf(url, sizeof url, "http://%s:%d/", outside, PORT);
	snprintf(want, sizeof want, "%s:%d", inside, PORT);
	struct told bank = ask(d, "bank", DEMO_RESULTS, url);
	demo_packets(d, "On the wire", look, &w);
	const struct view *sent = view_at(&w, "bank"), *came = view_at(&w, "laptop");
	demo_expect(d, "arrived", bank.status == EXIT_YES && came && strcmp(came->dst, want) == 0,
	    "did it arrive at the laptop?", "sent to %s, arrived for %s", sent ? sent->dst : "nobody",
	    came ? came->dst : "nobody");
	demo_expect(d, "source-kept",
	    sent && came && strcmp(sent->src, came->src) == 0 && strcmp(bank.seen, bank.local_ip) == 0,
	    "does the laptop see who really calls?", "the bank's machine is %s, and the laptop tells it: you are %s",
	    bank.local_ip, bank.seen);
}

static void play(struct demo *d)
{
	static void (*const acts[])(struct demo *) = {act_same, act_views, act_customers};
	char outside[TEXT], inside[TEXT];
	struct demo_process server = {.pid = -1, .out = -1};
	for (size_t i = 0; i < sizeof acts / sizeof *acts && d->err == ERR_OK && !cli_interrupted(); i++)
		acts[i](d);
	if (d->err != ERR_OK || cli_interrupted())
		return;
	address_of(d, "home-router", 0, outside);
	address_of(d, "laptop", 0, inside);
	if (start_server(d, &server, inside)) {
		act_inward(d, outside);
		if (d->err == ERR_OK && !cli_interrupted())
			act_forward(d, outside, inside);
	}
	demo_stop(d, &server);
	demo_process_release(&server);
}

/* The port forward goes; that there is none (the scene was ended early) is as good. */
static void clean(struct demo *d)
{
	static const char *const gone[] = {
	    "exec", "home-router", "--", "sh", "-c", "nft delete table ip " FORWARD " 2>&-", NULL};
	demo_glasslab(d, gone);
}

const struct scene scene_nat = {.name = "nat",
    .summary = "many machines, one address: the views of vm, laptop, router and server; a port forward",
    .play = play,
    .clean = clean};
