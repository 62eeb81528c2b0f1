/* Fingerprints: something short to compare by eye, over the telephone, or on paper. */
#include <sodium.h>
#include <string.h>

#include "private.h"

enum { ART_W = 17, ART_H = 9 };

char *sshkey_fingerprint(char out[static SSHKEY_FINGERPRINT], const uint8_t *blob, size_t len)
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, blob, len);
	memcpy(out, "SHA256:", 7);
	sodium_bin2base64(
	    out + 7, SSHKEY_FINGERPRINT - 7, hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	return out;
}

/* The walk: the hash two bits at a time, least significant first, each a step to one of four diagonal neighbours; a
 * wall stops half of the step. How often a field was visited chooses its character. */
static void walk(uint8_t field[ART_W][ART_H], const uint8_t *hash, size_t len, unsigned *x, unsigned *y)
{
	*x = ART_W / 2;
	*y = ART_H / 2;
	for (size_t i = 0; i < len; i++)
		for (unsigned step = 0; step < 4; step++) {
			unsigned bits = hash[i] >> (2 * step) & 3;
			if (bits & 1)
				*x += *x + 1 < ART_W;
			else
				*x -= *x > 0;
			if (bits & 2)
				*y += *y + 1 < ART_H;
			else
				*y -= *y > 0;
			if (field[*x][*y] < 14)
				field[*x][*y]++;
		}
}

/* "+---[ED25519 256]---+": the title in the middle, a little to the left where it does not come out even. */
static size_t edge(char *out, const char *title)
{
	size_t n = strlen(title), left = n < ART_W ? (ART_W - n) / 2 : 0, at = 0;

	out[at++] = '+';
	for (size_t i = 0; i < ART_W; i++)
		out[at++] = i >= left && i < left + n ? title[i - left] : '-';
	out[at++] = '+';
	out[at++] = '\n';
	return at;
}

char *sshkey_randomart(char out[static SSHKEY_RANDOMART], const struct sshkey *k)
{
	static const char ink[] = " .o+=*BOX@%&#/^SE";
	uint8_t hash[crypto_hash_sha256_BYTES], field[ART_W][ART_H] = {{0}};
	char title[ART_W + 16];
	unsigned x, y;
	size_t at;

	crypto_hash_sha256(hash, k->blob, k->len);
	walk(field, hash, sizeof(hash), &x, &y);
	field[ART_W / 2][ART_H / 2] = 15;
	field[x][y] = 16;
	snprintf(title, sizeof(title), "[%s %u]", sshkey_short_name(k), k->bits);
	if (strlen(title) > ART_W)
		snprintf(title, sizeof(title), "[%s]", sshkey_short_name(k));
	at = edge(out, title);
	for (unsigned row = 0; row < ART_H; row++) {
		out[at++] = '|';
		for (unsigned col = 0; col < ART_W; col++)
			out[at++] = ink[field[col][row]];
		out[at++] = '|';
		out[at++] = '\n';
	}
	at += edge(out + at, "[SHA256]");
	out[at] = '\0';
	return out;
}
