/* The scene "dh": Eve, who listens, has nothing; mallory, in the middle, has two keys and every word;
 * comparing fingerprints shows it, and signatures prevent it.
 *
 * What is said is drawn anew for each scene, so that finding it, or not, in packets and reports means
 * something. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

#define BOB        "mse-www"
#define BOB_PLACE  "0.0.0.0:7748"
#define WORDS_FILE "/run/glassnet/dh.words"
#define PORT       7748

enum { TEXT = 256 };

struct talk {
	struct demo_process alice, bob;
	int alice_status;
	char alice_print[TEXT], bob_print[TEXT], bob_read[TEXT];
};

struct scene_dh {
	struct demo *d;
	char bob[64];  /* his address */
	char code[32]; /* what must not be heard */
	struct talk last;
	size_t packets, with_code; /* of one act */
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* --- the packets
 * ------------------------------------------------------------------------------------------------ */

static bool look(void *ctx, const struct journey *j, const struct capture *c)
{
	struct scene_dh *s = ctx;
	bool found = false;

	(void)c;
	if (j->n == 0)
		return false;
	s->packets++;
	for (size_t i = 0; i < j->n && !found; i++) /* on every link */
		found = memmem(j->at[i].packet.bytes, j->at[i].packet.len, s->code, strlen(s->code)) != NULL;
	s->with_code += found;
	const struct packet *p = &j->at[0].packet;
	return p->ip_proto == 6 && p->payload_len > 0 && (p->src.port == PORT || p->dst.port == PORT);
}

static void look_at_packets(struct scene_dh *s, const char *title)
{
	s->packets = s->with_code = 0;
	size_t shown = demo_packets(s->d, title, look, s);
	demo_expect(s->d, "eve-has-nothing", shown > 0 && s->with_code == 0, "is what Alice typed in no packet?",
	    "it is in %zu of %zu packets on all links", s->with_code, s->packets);
}

/* --- one conversation
 * ------------------------------------------------------------------------------------------- */

/* The label of the first line that this program received, without its quotes. */
static void first_line_read(const struct demo_process *p, char out[static TEXT])
{
	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(p->events); i++) {
		const json_t *ev = json_array_get(p->events, i);
		const char *label = text_of(ev, "label");
		size_t n = strlen(label);
		if (strcmp(text_of(ev, "kind"), "recv") != 0 || n < 2 || label[0] != '"')
			continue;
		snprintf(out, TEXT, "%.*s", (int)(n - 2), label + 1);
		return;
	}
}

/* Alice writes to Bob. With keys, both sign. */
static bool converse(struct scene_dh *s, bool keys)
{
	const char *alice[] = {
	    "dhview", "connect", s->bob, "--auth", "/run/glassnet/dh.key", "--peers", "/run/glassnet/dh.peers", NULL};
	const char *bob[] = {"dhview", "listen", BOB_PLACE, "--auth", "/run/glassnet/dh.key", "--peers",
	    "/run/glassnet/dh.peers", NULL};
	struct talk *k = &s->last;

	if (!keys)
		alice[3] = bob[3] = NULL;
	demo_process_release(&k->alice);
	demo_process_release(&k->bob);
	k->alice_status = -1;
	bool ready = demo_start(s->d, &k->bob, BOB, DEMO_RESULTS, bob, NULL) &&
	             demo_follow(s->d, &k->bob, "decision", "listening");
	if (ready) {
		k->alice_status = demo_run(s->d, &k->alice, "laptop", DEMO_EVENTS, alice, WORDS_FILE);
		if (!demo_follow(s->d, &k->bob, NULL, NULL))
			demo_stop(s->d, &k->bob);
	} else {
		demo_expect(s->d, "bob-listens", false, "does Bob listen?", "dhview did not start on " BOB);
	}
	snprintf(k->alice_print, TEXT, "%s", text_of(k->alice.result, "fingerprint"));
	snprintf(k->bob_print, TEXT, "%s", text_of(k->bob.result, "fingerprint"));
	first_line_read(&k->bob, k->bob_read);
	return ready;
}

static bool typed_was_read(const struct scene_dh *s)
{
	return strstr(s->last.bob_read, s->code) && strstr(s->last.bob_read, "noon");
}

/* --- acts
 * ------------------------------------------------------------------------------------------------------- */

static void act_eve(struct scene_dh *s)
{
	demo_act(s->d, "eve");
	if (!converse(s, false))
		return;
	look_at_packets(s, "What Eve heard");
	demo_expect(s->d, "same-key",
	    s->last.alice_status == EXIT_YES && s->last.alice_print[0] &&
	        strcmp(s->last.alice_print, s->last.bob_print) == 0,
	    "have both the same key?", "Alice: %s; Bob: %s", s->last.alice_print, s->last.bob_print);
	demo_expect(s->d, "bob-reads", typed_was_read(s), "does Bob read what Alice typed?", "he reads: %s",
	    s->last.bob_read);
}

/* mallory as access point and in the middle. */
struct attack {
	struct demo_process wifi, dh;
};

static bool go_to_the_airport(struct scene_dh *s, struct attack *a)
{
	static const char *const wifi[] = {"mallory", "freewifi", NULL};

	bool ok = demo_start(s->d, &a->wifi, "mallory", DEMO_SILENT, wifi, NULL) &&
	          demo_follow(s->d, &a->wifi, "decision", "ready");
	ev_decision(&s->d->trace, "command", NULL, "$ glasslab exec mallory -- mallory freewifi");
	ok = ok && demo_move(s->d, "laptop", "airport") && demo_follow(s->d, &a->wifi, "state", "lease");
	demo_expect(s->d, "on-the-way", ok, "does the way to Bob lead through mallory?",
	    ok ? "the laptop's lease is mallory's" : "no lease");
	return ok;
}

static bool start_middle(struct scene_dh *s, struct attack *a)
{
	static const char *const argv[] = {"mallory", "dh", "--change", "noon", "--into", "nine", NULL};
	bool ok = demo_start(s->d, &a->dh, "mallory", DEMO_SILENT, argv, NULL) &&
	          demo_follow(s->d, &a->dh, "decision", "ready");

	ev_decision(&s->d->trace, "command", NULL, "$ glasslab exec mallory -- mallory dh --change noon --into nine");
	if (!ok)
		demo_expect(s->d, "mallory-attacks", false, "is the attack under way?", "mallory did not start");
	return ok;
}

/* Ends mallory's part, and retells what it did: its keys, what it heard and changed. The messages are in the
 * packets. */
static void end_middle(struct scene_dh *s, struct attack *a)
{
	demo_stop(s->d, &a->dh);
	for (size_t i = 0; i < json_array_size(a->dh.events); i++) {
		const json_t *ev = json_array_get(a->dh.events, i);
		const char *kind = text_of(ev, "kind");
		bool deed = strcmp(kind, "state") == 0 || strcmp(kind, "decision") == 0;
		char *line = deed ? json_dumps(ev, JSON_COMPACT) : NULL;
		if (line)
			(void)!trace_replay(&s->d->trace, line, strlen(line));
		free(line);
	}
}

/* The last conversation that mallory reports; NULL: none. */
static const json_t *last_report(const struct attack *a)
{
	const json_t *all = json_object_get(a->dh.result, "conversations");

	return json_array_get(all, json_array_size(all) - 1);
}

static void act_aloud(struct scene_dh *s, const json_t *report)
{
	const struct talk *k = &s->last;

	demo_act(s->d, "aloud");
	demo_expect(s->d, "numbers-differ",
	    k->alice_print[0] && k->bob_print[0] && strcmp(k->alice_print, k->bob_print) != 0,
	    "do the numbers differ?", "Alice reads %s; Bob reads %s", k->alice_print, k->bob_print);
	demo_expect(s->d, "two-keys",
	    strcmp(k->alice_print, text_of(report, "fingerprint_with_victim")) == 0 &&
	        strcmp(k->bob_print, text_of(report, "fingerprint_with_target")) == 0,
	    "are they mallory's two keys?", "mallory: %s with Alice, %s with Bob",
	    text_of(report, "fingerprint_with_victim"), text_of(report, "fingerprint_with_target"));
}

static void act_middle(struct scene_dh *s, struct attack *a)
{
	demo_act(s->d, "middle");
	if (!go_to_the_airport(s, a) || !start_middle(s, a) || !converse(s, false))
		return;
	end_middle(s, a);
	look_at_packets(s, "Two exchanges");
	const json_t *report = last_report(a);
	const char *heard = json_string_value(json_array_get(json_object_get(report, "heard"), 0));
	demo_expect(s->d, "nobody-notices", s->last.alice_status == EXIT_YES && s->last.bob.status == EXIT_YES,
	    "does it look well to both?", "dhview's exit status is %d for Alice, %d for Bob", s->last.alice_status,
	    s->last.bob.status);
	demo_expect(s->d, "every-word", heard && strstr(heard, s->code), "has mallory every word?",
	    "mallory heard %s", heard ? heard : "nothing");
	demo_expect(s->d, "one-changed", strstr(s->last.bob_read, "nine") && strstr(s->last.bob_read, s->code),
	    "does Bob read something else?", "he reads: %s", s->last.bob_read);
	if (s->d->err == ERR_OK && !cli_interrupted())
		act_aloud(s, report);
}

/* A key for each, and to each the other's public half: what they gave each other when they met. */
static bool exchange_keys(struct scene_dh *s)
{
	static const char *const hosts[] = {"laptop", BOB}, *const names[] = {"alice", "bob"};
	bool ok = true;

	for (int i = 0; i < 2; i++) {
		struct demo_process p;
		const char *const forget[] = {"exec", hosts[i], "--", "rm", "-f", "/run/glassnet/dh.key", NULL};
		const char *const make[] = {"dhview", "keygen", "/run/glassnet/dh.key", "--name", names[i], NULL};
		(void)demo_glasslab(s->d, forget);
		ok = demo_run(s->d, &p, hosts[i], DEMO_TEXT, make, NULL) == EXIT_YES && p.buf && ok;
		if (p.buf)
			p.buf[strcspn(p.buf, "\n")] = '\0';
		const char *const tell[] = {"exec", hosts[1 - i], "--", "sh", "-c",
		    "printf '%s\\n' \"$1\" >/run/glassnet/dh.peers", "sh", p.buf ? p.buf : "", NULL};
		ok = demo_glasslab(s->d, tell) == 0 && ok;
		demo_process_release(&p);
	}
	demo_expect(s->d, "keys", ok, "has each the other's public key?",
	    "made by dhview keygen, and handed over when they met");
	return ok;
}

static void act_signed(struct scene_dh *s, struct attack *a)
{
	demo_act(s->d, "signed");
	demo_process_release(&a->dh);
	if (!exchange_keys(s) || !start_middle(s, a) || !converse(s, true))
		return;
	end_middle(s, a);
	look_at_packets(s, "Signed: refused");
	const json_t *report = last_report(a);
	demo_expect(s->d, "refused",
	    s->last.alice_status == EXIT_NO && strcmp(text_of(s->last.alice.result, "end"), "bad-signature") == 0,
	    "does Alice refuse, because the signature is for another exchange?", "dhview's exit status is %d (%s)",
	    s->last.alice_status, text_of(s->last.alice.result, "end"));
	demo_expect(s->d, "bob-refuses", s->last.bob.status > EXIT_YES && s->last.bob_read[0] == '\0',
	    "does Bob, too?", "dhview's exit status is %d (%s)", s->last.bob.status,
	    text_of(s->last.bob.result, "end"));
	demo_expect(s->d, "not-a-word", report && json_integer_value(json_object_get(report, "lines")) == 0,
	    "has mallory not a word?", "%lld lines", (long long)json_integer_value(json_object_get(report, "lines")));
}

static void act_home(struct scene_dh *s)
{
	demo_act(s->d, "home");
	if (!demo_move(s->d, "laptop", "home") || !converse(s, true))
		return;
	look_at_packets(s, "Signed, at home");
	demo_expect(s->d, "proved",
	    s->last.alice_status == EXIT_YES && strcmp(text_of(s->last.alice.result, "peer"), "bob") == 0 &&
	        strcmp(text_of(s->last.bob.result, "peer"), "alice") == 0,
	    "has each proved who he is?", "to Alice: %s; to Bob: %s", text_of(s->last.alice.result, "peer"),
	    text_of(s->last.bob.result, "peer"));
	demo_expect(s->d, "bob-reads", typed_was_read(s), "does Bob read what Alice typed?", "he reads: %s",
	    s->last.bob_read);
}

/* --- the whole
 * -------------------------------------------------------------------------------------------------- */

static bool goes_on(const struct scene_dh *s)
{
	return s->d->err == ERR_OK && !cli_interrupted();
}

/* Bob's IPv4 address, from the lab's facts. */
static bool find_bob(struct scene_dh *s)
{
	const json_t *i = json_array_get(json_object_get(demo_host_facts(s->d, BOB), "interfaces"), 0);
	const char *text = json_string_value(json_array_get(json_object_get(i, "addresses"), 0));

	snprintf(s->bob, sizeof(s->bob), "%.*s", text ? (int)strcspn(text, "/") : 0, text ? text : "");
	return demo_has_address(s->d, BOB, s->bob);
}

/* What Alice will type, in a file of the laptop. */
static bool write_words(struct scene_dh *s)
{
	const char *const argv[] = {"exec", "laptop", "--", "sh", "-c",
	    "umask 077 && printf 'we meet at noon, the word is %s\\n' \"$1\" >" WORDS_FILE, "sh", s->code, NULL};
	uint8_t random[6];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(s->code, sizeof(s->code), random, sizeof(random));
	return demo_glasslab(s->d, argv) == 0;
}

static void play(struct demo *d)
{
	struct scene_dh s = {.d = d};
	struct attack a = {.wifi = {.pid = -1, .out = -1}, .dh = {.pid = -1, .out = -1}};

	s.last.alice = s.last.bob = (struct demo_process){.pid = -1, .out = -1};
	bool ready = sodium_init() >= 0 && find_bob(&s) && write_words(&s);
	demo_expect(d, "something-to-say", ready, "has Alice something to say, and Bob an address?",
	    ready ? "drawn anew, in " WORDS_FILE " on the laptop; read here only to compare" : "no");
	if (ready && goes_on(&s))
		act_eve(&s);
	if (ready && goes_on(&s))
		act_middle(&s, &a);
	if (ready && goes_on(&s))
		act_signed(&s, &a);
	demo_stop(d, &a.dh);
	demo_stop(d, &a.wifi);
	if (ready && goes_on(&s))
		act_home(&s);
	demo_process_release(&s.last.alice);
	demo_process_release(&s.last.bob);
	demo_process_release(&a.dh);
	demo_process_release(&a.wifi);
}

static void clean(struct demo *d)
{
	static const char *const home[] = {"move", "laptop", "home", NULL};
	static const char *const forget[][8] = {
	    {"exec", "laptop", "--", "rm", "-f", WORDS_FILE, "/run/glassnet/dh.key", NULL},
	    {"exec", BOB, "--", "rm", "-f", "/run/glassnet/dh.key", "/run/glassnet/dh.peers", NULL},
	    {"exec", "laptop", "--", "rm", "-f", "/run/glassnet/dh.peers", NULL}};

	demo_glasslab(d, home);
	for (size_t i = 0; i < sizeof(forget) / sizeof(forget[0]); i++)
		demo_glasslab(d, forget[i]);
}

const struct scene scene_dh = {.name = "dh",
    .summary = "a key agreed on in the open: Eve has nothing, mallory in the middle everything, and how one tells",
    .play = play,
    .clean = clean};
