/* A stolen password file and a word list, three times. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crack.h"

#define USERS    5
#define SALT     16
#define ROUND_NS (NS_PER_S / 5) /* measure a cheap guess at least so long */

struct victim {
	const char *name;
	char password[129];
	uint8_t salt[SALT], plain[32], salted[32];
	bool found;
};

static void salted_hash(uint8_t out[static 32], const uint8_t salt[static SALT], const char *word)
{
	crypto_hash_sha256_state s;

	crypto_hash_sha256_init(&s);
	crypto_hash_sha256_update(&s, salt, SALT);
	crypto_hash_sha256_update(&s, (const uint8_t *)word, strlen(word));
	crypto_hash_sha256_final(&s, out);
}

static void plain_hash(uint8_t out[static 32], const char *word)
{
	crypto_hash_sha256(out, (const uint8_t *)word, strlen(word));
}

/* Alice and Bob have the same password, Erin one that is in no list. */
static void make_victims(struct victim v[static USERS], const struct words *w, const struct crack_options *o)
{
	static const char *const names[USERS] = {"alice", "bob", "carol", "dave", "erin"};

	for (size_t i = 0; i < USERS; i++) {
		v[i] = (struct victim){.name = names[i]};
		snprintf(v[i].password, sizeof(v[i].password), "%s", w->word[o->random((uint32_t)w->n)]);
		if (i == 1)
			snprintf(v[i].password, sizeof(v[i].password), "%s", v[0].password);
		if (i == USERS - 1) {
			for (size_t k = 0; k < 14; k++)
				v[i].password[k] = (char)('a' + o->random(26));
			v[i].password[14] = '\0';
		}
		for (size_t k = 0; k < SALT; k++)
			v[i].salt[k] = (uint8_t)o->random(256);
		plain_hash(v[i].plain, v[i].password);
		salted_hash(v[i].salted, v[i].salt, v[i].password);
	}
}

/* One pass over the list: every word is hashed once, and compared with everybody's hash. */
static size_t pass_plain(struct victim v[static USERS], const struct words *w)
{
	uint8_t hash[32];
	size_t found = 0;

	for (size_t i = 0; i < w->n; i++) {
		plain_hash(hash, w->word[i]);
		for (size_t u = 0; u < USERS; u++)
			if (!v[u].found && memcmp(hash, v[u].plain, 32) == 0)
				found += v[u].found = true;
	}
	return found;
}

/* Every word once more for each user. */
static size_t pass_salted(struct victim v[static USERS], const struct words *w)
{
	uint8_t hash[32];
	size_t found = 0;

	for (size_t u = 0; u < USERS; u++)
		for (size_t i = 0; i < w->n; i++) {
			salted_hash(hash, v[u].salt, w->word[i]);
			if (!v[u].found && memcmp(hash, v[u].salted, 32) == 0)
				found += v[u].found = true;
		}
	return found;
}

/* Repeats a pass until it can be measured; *ns is what one takes. */
static size_t timed(size_t (*pass)(struct victim *, const struct words *), struct victim *v, const struct words *w,
    const struct crack_options *o, double *ns)
{
	int64_t begin = clock_now(o->clock), now;
	size_t found = 0, passes = 0;

	do {
		for (size_t u = 0; u < USERS; u++)
			v[u].found = false;
		found = pass(v, w);
		passes++;
		now = clock_now(o->clock);
	} while (now - begin < ROUND_NS && !o->interrupted());
	*ns = (double)(now - begin) / (double)passes;
	return found;
}

static char *span(char out[static 32], double ns)
{
	static const struct {
		double ns;
		const char *unit;
	} units[] = {{365.25 * 86400e9, "years"}, {86400e9, "days"}, {3600e9, "hours"}, {60e9, "minutes"}, {1e9, "s"},
	    {1e6, "ms"}, {1e3, "us"}, {0, "ns"}};
	size_t i = 0;

	while (ns < units[i].ns * (i < 4 ? 2 : 1))
		i++;
	snprintf(out, 32, "%.3g %s", units[i].ns > 0 ? ns / units[i].ns : ns, units[i].unit);
	return out;
}

static void tell_found(const struct victim v[static USERS], struct trace *t)
{
	for (size_t u = 0; u < USERS; u++)
		if (v[u].found)
			ev_state(t, "loot", v[u].name, NULL, v[u].password, "found in the list");
		else
			ev_state(t, "loot", v[u].name, NULL, "(not found)", "it is in no list");
}

static enum err measure_argon(const struct words *w, const struct crack_options *o, struct crack_result *res)
{
	uint8_t hash[32], salt[crypto_pwhash_SALTBYTES] = {0};
	int64_t begin = clock_now(o->clock), now = begin;

	for (res->argon_guesses = 0; now - begin < o->argon_ns || res->argon_guesses < 2; res->argon_guesses++) {
		const char *word = w->word[res->argon_guesses % w->n];
		if (o->interrupted())
			return ERR_CLOSED;
		if (crypto_pwhash(hash, sizeof(hash), word, strlen(word), salt, o->passes,
		        (size_t)o->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
			return ERR_NOMEM;
		now = clock_now(o->clock);
	}
	res->argon_ns = (double)(now - begin) / (double)res->argon_guesses;
	return ERR_OK;
}

static enum err story(const struct words *w, const struct crack_options *o, struct trace *t, struct crack_result *res)
{
	struct victim v[USERS];
	double ns, users = USERS, n = (double)w->n;
	char one[32], all[32];

	make_victims(v, w, o);
	res->users = USERS;
	ev_explain(t,
	    "Five users have just been invented, with passwords drawn from the list of %zu words; Erin's "
	    "alone "
	    "is random. Mallory has the file, and guesses.",
	    w->n);

	ev_heading(t, "Plain SHA-256");
	ev_check(t, "same-hash", VERDICT_FAIL, NULL, "can one see that Alice and Bob have the same password?",
	    "yes: their hashes are the same");
	res->found_plain = timed(pass_plain, v, w, o, &ns);
	res->plain_ns = ns / n;
	tell_found(v, t);
	ev_timer(t, "plain", (int64_t)ns, "%s for all users at once: %s a guess, %.3g million guesses a second",
	    span(all, ns), span(one, res->plain_ns), 1e3 / res->plain_ns);

	ev_heading(t, "Salted SHA-256");
	ev_check(t, "same-salted", VERDICT_PASS, NULL, "is Alice's hash now another than Bob's?",
	    "%s: each has a random salt", memcmp(v[0].salted, v[1].salted, 32) ? "yes" : "no");
	res->found_salted = timed(pass_salted, v, w, o, &ns);
	res->salted_ns = ns / (n * users);
	tell_found(v, t);
	ev_timer(t, "salted", (int64_t)ns,
	    "%s: the list once for each user, %s a guess. Work done for one user, or in "
	    "advance, is worth nothing for another",
	    span(all, ns), span(one, res->salted_ns));
	if (o->interrupted())
		return ERR_CLOSED;

	ev_heading(t, "Argon2id");
	enum err e = measure_argon(w, o, res);
	if (e != ERR_OK)
		return e;
	ev_timer(t, "argon2id", (int64_t)res->argon_ns,
	    "%s a guess (measured over %zu), with %u MiB of memory each: "
	    "%.3g times a salted SHA-256",
	    span(one, res->argon_ns), res->argon_guesses, o->memory_kib / 1024, res->argon_ns / res->salted_ns);
	ev_timer(t, "argon2id-list", (int64_t)(res->argon_ns * n * users),
	    "the same list for the same users: %s, reckoned, not run", span(all, res->argon_ns * n * users));
	ev_explain(t, "A login pays this once. Whoever guesses pays it each time, and pays in memory, of "
	              "which a graphics card "
	              "has little for each of its thousands of cores. It helps the passwords that are not "
	              "among the first "
	              "guesses; 'password1' falls in any case.");
	return ERR_OK;
}

enum err crack_run(const struct words *w, const struct crack_options *o, struct trace *t, struct crack_result *res)
{
	char json[512], one[32], two[32], three[32];

	*res = (struct crack_result){0};
	if (w->n == 0) {
		ev_result(t, ERR_FORMAT, NULL, "there is no word in the list");
		return ERR_FORMAT;
	}
	enum err e = story(w, o, t, res);
	if (e == ERR_OK && o->rainbow)
		e = crack_rainbow(o, t, res);
	if (e != ERR_OK) {
		ev_result(t, e, NULL, "%s", e == ERR_CLOSED ? "interrupted" : err_text(e));
		return e;
	}
	snprintf(json, sizeof(json),
	    "{\"words\":%zu,\"users\":%zu,\"found_plain\":%zu,\"found_salted\":%zu,\"plain_ns\":%.1f,"
	    "\"salted_ns\":%.1f,"
	    "\"argon2id_ns\":%.0f,\"argon2id_guesses\":%zu,\"table_tries\":%zu,\"table_hits\":%zu,\"table_"
	    "salted_hits\":%zu}",
	    w->n, res->users, res->found_plain, res->found_salted, res->plain_ns, res->salted_ns, res->argon_ns,
	    res->argon_guesses, res->table_tries, res->table_hits, res->table_salted_hits);
	ev_result(t, ERR_OK, json, "one guess: plain SHA-256 %s, salted %s (and once for each user), Argon2id %s",
	    span(one, res->plain_ns), span(two, res->salted_ns), span(three, res->argon_ns));
	return ERR_OK;
}
