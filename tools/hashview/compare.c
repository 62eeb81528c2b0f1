/* Measuring, and what follows from it. */
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"

static const char *const ciphers[] = {"AES-256-GCM", "ChaCha20-Poly1305"};
static const size_t sizes[] = {16, 256, 16384};
static const char *const hashes[] = {"SHA256", "SHA512", "SHA3-256", "SHA3-512", "BLAKE2b"};

const struct compare_row *compare_find(const struct compare_result *res, const char *name, size_t octets)
{
	for (size_t i = 0; i < res->n; i++)
		if (strcmp(res->row[i].name, name) == 0 && (octets == 0 || res->row[i].octets == octets))
			return &res->row[i];
	return NULL;
}

/* Repeats the operation until it can be measured, after one that does not count. The fastest batch counts: whatever else the
 * processor did makes others slower, never faster. Takes the operation over. */
static enum err measure(const struct compare_options *o, struct compare_result *res, enum compare_kind kind,
    const char *name, struct compare_op *op, enum err e)
{
	struct compare_row *row = &res->row[res->n];
	uint64_t batch = 1;
	double best = 0;

	if (e == ERR_OK && (res->n == COMPARE_MAX || !op->run(op)))
		e = ERR_INTERNAL;
	if (o->progress)
		o->progress(name);
	int64_t begin = clock_now(o->clock), before = begin;
	while (e == ERR_OK && (best == 0 || before - begin < o->each_ns)) {
		for (uint64_t i = 0; i < batch && e == ERR_OK; i++)
			if (!op->run(op))
				e = ERR_INTERNAL;
		int64_t now = clock_now(o->clock), spent = now - before;
		before = now;
		if (spent <= o->each_ns / 16) /* too short to be measured */
			batch *= 2;
		else if (best == 0 || (double)spent / (double)batch < best)
			best = (double)spent / (double)batch;
		if (o->interrupted())
			e = ERR_CLOSED;
	}
	if (e == ERR_OK) {
		*row = (struct compare_row){.kind = kind, .octets = op->len, .ns = best};
		snprintf(row->name, sizeof(row->name), "%s", name);
		res->n++;
	}
	compare_op_release(op);
	return e;
}

static enum err measure_symmetric(const struct compare_options *o, struct compare_result *res)
{
	struct compare_op op = {0};
	enum err e = ERR_OK;

	for (size_t c = 0; c < 2; c++)
		for (size_t s = 0; e == ERR_OK && s < 3; s++)
			e = measure(o, res, COMPARE_SYMMETRIC, ciphers[c], &op,
			    compare_cipher(&op, c == 0 ? EVP_aes_256_gcm() : EVP_chacha20_poly1305(), sizes[s]));
	for (size_t h = 0; h < sizeof(hashes) / sizeof(hashes[0]); h++)
		for (size_t s = 0; e == ERR_OK && s < 3; s += 2)
			e = measure(o, res, COMPARE_HASH, hashes[h], &op, compare_digest(&op, hashes[h], sizes[s]));
	return e;
}

static enum err measure_rsa(const struct compare_options *o, struct compare_result *res)
{
	struct compare_op op = {0};
	enum err e = ERR_OK;
	char name[40];

	for (unsigned bits = 2048; e == ERR_OK && bits <= o->rsa_bits; bits += 1024) {
		snprintf(name, sizeof(name), "RSA-%u key", bits);
		if (o->progress)
			o->progress(name);
		EVP_PKEY *key = EVP_RSA_gen(bits);
		e = key ? ERR_OK : ERR_UNSUPPORTED;
		for (int private = 0; e == ERR_OK && private < 2; private ++) {
			snprintf(name, sizeof(name), "RSA-%u %s", bits, private ? "private" : "public");
			e = measure(o, res, COMPARE_ASYMMETRIC, name, &op, compare_rsa(&op, key, private));
		}
		EVP_PKEY_free(key);
	}
	return e;
}

static enum err measure_curves(const struct compare_options *o, struct compare_result *res)
{
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), *x = EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
	         *y = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	struct compare_op op = {0};
	enum err e = ed && x && y ? ERR_OK : ERR_UNSUPPORTED;

	if (e == ERR_OK)
		e = measure(o, res, COMPARE_ASYMMETRIC, "X25519 exchange", &op, compare_x25519(&op, x, y));
	if (e == ERR_OK)
		e = measure(o, res, COMPARE_ASYMMETRIC, "Ed25519 sign", &op, compare_ed25519(&op, ed, true));
	if (e == ERR_OK)
		e = measure(o, res, COMPARE_ASYMMETRIC, "Ed25519 verify", &op, compare_ed25519(&op, ed, false));
	EVP_PKEY_free(ed);
	EVP_PKEY_free(x);
	EVP_PKEY_free(y);
	return e;
}

/* The chart: one bar a row; each sign more is four times as long. It fits 80 columns. */
static void chart(const struct compare_result *res, struct trace *t)
{
	static const char *const titles[] = {"symmetric", "asymmetric", "hash"};
	char bar[12], label[64], value[64];

	for (int kind = COMPARE_SYMMETRIC; kind <= COMPARE_HASH; kind++)
		for (size_t i = 0; i < res->n; i++) {
			const struct compare_row *r = &res->row[i];
			size_t n = 0;
			if ((int)r->kind != kind)
				continue;
			for (double v = r->ns; v > 50 && n < sizeof(bar) - 1; v /= 4)
				n++;
			memset(bar, '#', n);
			bar[n] = '\0';
			snprintf(label, sizeof(label), "%-17s %5zu B", r->name, r->octets);
			snprintf(value, sizeof(value), "%8.0f ns %s", r->ns, bar);
			ev_state(t, titles[kind], label, NULL, value, "%s", "");
		}
}

static double per_octet(const struct compare_row *r)
{
	return r->ns / (double)r->octets;
}

static void conclusions(const struct compare_result *res, struct trace *t, char *json, size_t cap)
{
	const struct compare_row *aes16 = compare_find(res, "AES-256-GCM", 16),
	                         *aes256 = compare_find(res, "AES-256-GCM", 256),
	                         *aes = compare_find(res, "AES-256-GCM", 16384),
	                         *private = compare_find(res, "RSA-2048 private", 0),
	                         *public = compare_find(res, "RSA-2048 public", 0),
	                         *x = compare_find(res, "X25519 exchange", 0);

	ev_heading(t, "\"Symmetric is 4000 times faster\": what that depends on");
	ev_check(t, "private-256", VERDICT_PASS, NULL,
	    "an octet by RSA-2048's private key, or by AES-256-GCM in messages of 256?", "%.0f times as long",
	    per_octet(private) / per_octet(aes256));
	ev_check(t, "public-256", VERDICT_PASS, NULL, "and by its public key?", "%.0f times as long",
	    per_octet(public) / per_octet(aes256));
	ev_check(t, "private-16384", VERDICT_PASS, NULL, "the private key against AES in messages of 16 KiB?",
	    "%.0f times as long", per_octet(private) / per_octet(aes));
	ev_check(t, "public-16", VERDICT_PASS, NULL, "one message of 16 octets, by the public key or by AES?",
	    "%.0f times as long", public->ns / aes16->ns);
	ev_check(t, "x25519", VERDICT_PASS, NULL, "a key agreed with X25519, against one RSA-2048 private operation?",
	    "%.1f times as fast", private->ns / x->ns);
	ev_explain(t,
	    "The number on the slide has the right size for one case: RSA's private operation against AES in "
	    "hardware, octet by octet. "
	    "It depends on the direction, on the key's size, on how long messages are, and on "
	    "whether the processor has "
	    "instructions for AES. What never changes: nobody encrypts a file with RSA. One "
	    "encrypts it with a symmetric "
	    "key, and uses the asymmetric one for that key alone, once.");
	snprintf(json, cap,
	    "{\"rsa2048_private_over_aes_256\":%.1f,\"rsa2048_public_over_aes_256\":%.1f,\"rsa2048_private_"
	    "over_aes_16384\":%.1f,"
	    "\"rsa2048_public_over_aes_16_message\":%.1f,\"rsa2048_private_over_x25519\":%.2f,\"rows\":%zu}",
	    per_octet(private) / per_octet(aes256), per_octet(public) / per_octet(aes256),
	    per_octet(private) / per_octet(aes), public->ns / aes16->ns, private->ns / x->ns, res->n);
}

enum err compare_run(const struct compare_options *o, struct trace *t, struct compare_result *res)
{
	char json[512];

	*res = (struct compare_result){0};
	enum err e = measure_symmetric(o, res);
	if (e == ERR_OK)
		e = measure_curves(o, res);
	if (e == ERR_OK)
		e = measure_rsa(o, res);
	if (e != ERR_OK) {
		ev_result(t, e, NULL, "%s", e == ERR_CLOSED ? "interrupted" : err_text(e));
		return e;
	}
	ev_heading(t, "What one operation takes on this machine (each # more is four times as long)");
	chart(res, t);
	conclusions(res, t, json, sizeof(json));
	const struct compare_row *private = compare_find(res, "RSA-2048 private", 0),
	                         *aes = compare_find(res, "AES-256-GCM", 256);
	ev_result(t, ERR_OK, json,
	    "by the octet, RSA-2048's private key takes %.0f times as long as AES-256-GCM (messages of 256)",
	    per_octet(private) / per_octet(aes));
	return ERR_OK;
}
