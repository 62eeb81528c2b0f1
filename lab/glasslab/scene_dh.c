/* The scene "dh": Eve, who listens, has nothing; mallory, in the middle, has two keys and every word;
 * comparing fingerprints shows it, and signatures prevent it.
 *
 * What is said is drawn anew for each scene, so that finding it, or not, in packets and reports means
 * something. */
#include <string.h>

#include "scene_dh.h"

struct scene_dh {
	struct demo *d;
	struct dh_cast cast;
	struct demo_process wifi;
};

/* --- the packets
 * ------------------------------------------------------------------------------------------------ */

static void look_at_packets(struct scene_dh *s, const char *title)
{
	struct demo_search found = {.text = s->cast.code, .port = DH_PORT};
	size_t shown = demo_search(s->d, title, &found);

	demo_expect(s->d, "eve-has-nothing", shown > 0 && found.with_text == 0, "is what Alice typed in no packet?",
	    "it is in %zu of %zu packets on all links", found.with_text, found.packets);
}

static bool converse(struct scene_dh *s, bool keys)
{
	bool ready = dh_converse(&s->cast, keys);

	if (!ready)
		demo_expect(s->d, "bob-listens", false, "does Bob listen?", "dhview did not start on " DH_BOB);
	return ready;
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
	    s->cast.alice_status == EXIT_YES && s->cast.alice_print[0] &&
	        strcmp(s->cast.alice_print, s->cast.bob_print) == 0,
	    "have both the same key?", "Alice: %s; Bob: %s", s->cast.alice_print, s->cast.bob_print);
	demo_expect(s->d, "bob-reads", dh_typed_was_read(&s->cast), "does Bob read what Alice typed?", "he reads: %s",
	    s->cast.bob_read);
}

static bool go_to_the_airport(struct scene_dh *s)
{
	static const char *const wifi[] = {"mallory", "freewifi", NULL};

	bool ok = demo_start(s->d, &s->wifi, "mallory", DEMO_SILENT, wifi, NULL) &&
	          demo_follow(s->d, &s->wifi, "decision", "ready");
	ev_decision(&s->d->trace, "command", NULL, "$ glasslab exec mallory -- mallory freewifi");
	ok = ok && demo_move(s->d, "laptop", "airport") && demo_follow(s->d, &s->wifi, "state", "lease");
	demo_expect(s->d, "on-the-way", ok, "does the way to Bob lead through mallory?",
	    ok ? "the laptop's lease is mallory's" : "no lease");
	return ok;
}

static bool start_middle(struct scene_dh *s)
{
	bool ok = dh_start_middle(&s->cast);

	if (!ok)
		demo_expect(s->d, "mallory-attacks", false, "is the attack under way?", "mallory did not start");
	return ok;
}

static void act_aloud(struct scene_dh *s, const json_t *report)
{
	const struct dh_cast *k = &s->cast;

	demo_act(s->d, "aloud");
	demo_expect(s->d, "numbers-differ",
	    k->alice_print[0] && k->bob_print[0] && strcmp(k->alice_print, k->bob_print) != 0,
	    "do the numbers differ?", "Alice reads %s; Bob reads %s", k->alice_print, k->bob_print);
	demo_expect(s->d, "two-keys",
	    strcmp(k->alice_print, dh_text(report, "fingerprint_with_victim")) == 0 &&
	        strcmp(k->bob_print, dh_text(report, "fingerprint_with_target")) == 0,
	    "are they mallory's two keys?", "mallory: %s with Alice, %s with Bob",
	    dh_text(report, "fingerprint_with_victim"), dh_text(report, "fingerprint_with_target"));
}

static void act_middle(struct scene_dh *s)
{
	demo_act(s->d, "middle");
	if (!go_to_the_airport(s) || !start_middle(s) || !converse(s, false))
		return;
	const json_t *report = dh_end_middle(&s->cast);
	look_at_packets(s, "Two exchanges");
	const char *heard = json_string_value(json_array_get(json_object_get(report, "heard"), 0));
	demo_expect(s->d, "nobody-notices", s->cast.alice_status == EXIT_YES && s->cast.bobs.status == EXIT_YES,
	    "does it look well to both?", "dhview's exit status is %d for Alice, %d for Bob", s->cast.alice_status,
	    s->cast.bobs.status);
	demo_expect(s->d, "every-word", heard && strstr(heard, s->cast.code), "has mallory every word?",
	    "mallory heard %s", heard ? heard : "nothing");
	demo_expect(s->d, "one-changed", strstr(s->cast.bob_read, "nine") && strstr(s->cast.bob_read, s->cast.code),
	    "does Bob read something else?", "he reads: %s", s->cast.bob_read);
	if (s->d->err == ERR_OK && !cli_interrupted())
		act_aloud(s, report);
}

static bool exchange_keys(struct scene_dh *s)
{
	bool ok = dh_exchange_keys(&s->cast);

	demo_expect(s->d, "keys", ok, "has each the other's public key?",
	    "made by dhview keygen, and handed over when they met");
	return ok;
}

static void act_signed(struct scene_dh *s)
{
	demo_act(s->d, "signed");
	if (!exchange_keys(s) || !start_middle(s) || !converse(s, true))
		return;
	const json_t *report = dh_end_middle(&s->cast);
	look_at_packets(s, "Signed: refused");
	demo_expect(s->d, "refused",
	    s->cast.alice_status == EXIT_NO && strcmp(dh_text(s->cast.alice.result, "end"), "bad-signature") == 0,
	    "does Alice refuse, because the signature is for another exchange?", "dhview's exit status is %d (%s)",
	    s->cast.alice_status, dh_text(s->cast.alice.result, "end"));
	demo_expect(s->d, "bob-refuses", s->cast.bobs.status > EXIT_YES && s->cast.bob_read[0] == '\0',
	    "does Bob, too?", "dhview's exit status is %d (%s)", s->cast.bobs.status,
	    dh_text(s->cast.bobs.result, "end"));
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
	    s->cast.alice_status == EXIT_YES && strcmp(dh_text(s->cast.alice.result, "peer"), "bob") == 0 &&
	        strcmp(dh_text(s->cast.bobs.result, "peer"), "alice") == 0,
	    "has each proved who he is?", "to Alice: %s; to Bob: %s", dh_text(s->cast.alice.result, "peer"),
	    dh_text(s->cast.bobs.result, "peer"));
	demo_expect(s->d, "bob-reads", dh_typed_was_read(&s->cast), "does Bob read what Alice typed?", "he reads: %s",
	    s->cast.bob_read);
}

/* --- the whole
 * -------------------------------------------------------------------------------------------------- */

static bool goes_on(const struct scene_dh *s)
{
	return s->d->err == ERR_OK && !cli_interrupted();
}

static void play(struct demo *d)
{
	struct scene_dh s = {.d = d, .wifi = {.pid = -1, .out = -1}};
	bool ready = dh_cast_open(&s.cast, d);

	demo_expect(d, "something-to-say", ready, "has Alice something to say, and Bob an address?",
	    ready ? "drawn anew, in " DH_WORDS " on the laptop; read here only to compare" : "no");
	if (ready && goes_on(&s))
		act_eve(&s);
	if (ready && goes_on(&s))
		act_middle(&s);
	if (ready && goes_on(&s))
		act_signed(&s);
	demo_stop(d, &s.cast.middle);
	demo_stop(d, &s.wifi);
	if (ready && goes_on(&s))
		act_home(&s);
	dh_cast_close(&s.cast);
	demo_process_release(&s.wifi);
}

static void clean(struct demo *d)
{
	static const char *const home[] = {"move", "laptop", "home", NULL};

	demo_glasslab(d, home);
	dh_cast_clean(d);
}

const struct scene scene_dh = {.name = "dh",
    .summary = "a key agreed on in the open: Eve has nothing, mallory in the middle everything, and how one tells",
    .play = play,
    .clean = clean};
