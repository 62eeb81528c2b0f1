/* Runs one of the two, and holds it against the library. */
#include <string.h>

#include "algo.h"
#include "step.h"

enum err step_run(bool sha3, const uint8_t *text, size_t len, struct trace *t)
{
	enum algo a = sha3 ? ALGO_SHA3_256 : ALGO_SHA256;
	uint8_t ours[32], theirs[DIGEST_MAX];
	char hex[65], json[96];

	if (len > STEP_TEXT_MAX) {
		ev_result(
		    t, ERR_USAGE, NULL, "a text of up to %d octets can be watched, not %zu", STEP_TEXT_MAX, len);
		return ERR_USAGE;
	}
	ev_heading(t, "%s", sha3 ? "SHA3-256, step by step (FIPS 202)" : "SHA-256, round by round (FIPS 180-4)");
	(sha3 ? step_sha3_256 : step_sha256)(text, len, t, ours);
	enum err e = algo_hash(a, text, len, theirs);
	bool same = e == ERR_OK && memcmp(ours, theirs, sizeof(ours)) == 0;
	sodium_bin2hex(hex, sizeof(hex), ours, sizeof(ours));
	ev_check(t, "library", same ? VERDICT_PASS : VERDICT_FAIL, NULL, "does OpenSSL come to the same?", "%s",
	    same ? "yes" : "no");
	snprintf(json, sizeof(json), "{\"digest\":\"%s\"}", hex);
	e = e == ERR_OK && !same ? ERR_INTERNAL : e;
	ev_result(t, e, json, "%s", hex);
	return e;
}
