/* The parts of the scene "freewifi": what Alice has to lose, what was on the wire, what mallory holds. */
#ifndef GLASSLAB_SCENE_FREEWIFI_H
#define GLASSLAB_SCENE_FREEWIFI_H

#include "demo.h"

#define BANK      "bank.example"
#define FORM_FILE "/run/glassnet/user/login.form"
#define HTTP_FILE "/run/glassnet/user/login.http"

/* --- what was on the wire in one act
 * -------------------------------------------------------------------------- */

#define STREAM_MAX (32 * 1024)

struct stream {
	size_t len;
	uint8_t data[STREAM_MAX]; /* what does not fit is left out */
};

enum interest { SHOW_DHCP = 1, SHOW_DNS = 2, SHOW_WEB = 4 };

#define MAX_PAIRS 8

struct wire {
	unsigned show;      /* what to draw: a mask of enum interest */
	const char *secret; /* as it would stand in a packet; borrowed */
	size_t packets;     /* all of the act, each counted once however many links it crossed */
	size_t with_secret;
	uint64_t secret_packet; /* the first of them */
	char secret_from[LAB_HOST_MAX], secret_to[LAB_HOST_MAX];
	uint64_t lie_packet; /* mallory's DNS answer for the bank's name; 0: none */
	struct {
		char from[LAB_HOST_MAX], to[LAB_HOST_MAX];
	} ciphertext[MAX_PAIRS]; /* who has been drawn sending nothing but ciphertext to whom: once is enough
	                          */
	size_t n_ciphertext, not_drawn;
	struct stream bank_sent;  /* octets from the bank's port 80 */
	struct stream laptop_got; /* octets to the laptop from a port 80 */
};

/* A demo_wanted; ctx is a struct wire. */
bool wire_look(void *ctx, const struct journey *j, const struct capture *c);

/* The lines where two streams of HTTP bodies begin to differ, escaped and cut. False when they do not. */
bool wire_difference(const struct stream *a, const struct stream *b, char *a_line, char *b_line, size_t cap);

/* --- what mallory holds, as its RESULT says
 * -------------------------------------------------------------------- */

const char *loot_value(const json_t *result, const char *key);           /* NULL: not in it */
const json_t *last_connection(const json_t *result, const char *scheme); /* NULL: none */

/* In full: "user alice, password …; the page changed", "nothing: 321 octets, in them the name bank.example
 * and the alert …". In brief, for the table: "password …, page changed", "the name bank.example". */
void holdings_text(const json_t *result, char *out, size_t cap);
void holdings_brief(const json_t *result, char *out, size_t cap);

#endif
