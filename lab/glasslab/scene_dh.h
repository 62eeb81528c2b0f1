/* The cast of Diffie-Hellman's scene, and of the matrix's cells: Alice on her laptop, Bob, and mallory between them. */
#ifndef GLASSLAB_SCENE_DH_H
#define GLASSLAB_SCENE_DH_H

#include "demo.h"

#define DH_BOB   "mse-www"
#define DH_WORDS "/run/glassnet/dh.words" /* on the laptop: what Alice types */
#define DH_PORT  7748

enum { DH_TEXT = 256 };

struct dh_cast {
	struct demo *d;
	char bob[64];  /* his address */
	char code[32]; /* what must not be heard: a word that Alice types, drawn anew */
	struct demo_process alice, bobs, middle;
	int alice_status;
	char alice_print[DH_TEXT], bob_print[DH_TEXT]; /* of the keys that they have */
	char bob_read[DH_TEXT];
};

/* What Alice will type, and where Bob is. */
bool dh_cast_open(struct dh_cast *c, struct demo *d);
void dh_cast_close(struct dh_cast *c);
void dh_cast_clean(struct demo *d);

/* A key for each, and to each the other's public half: what they gave each other when they met. */
bool dh_exchange_keys(struct dh_cast *c);
/* Alice writes to Bob; keys: both sign. False: Bob does not listen. */
bool dh_converse(struct dh_cast *c, bool keys);
/* The same, bare; but Alice and Bob read the fingerprints to each other first, and she types only if they are the same.
 * *same: they are. False: Bob does not listen, or there is no key to compare. */
bool dh_converse_compared(struct dh_cast *c, bool *same);
/* Does Bob read what Alice typed? */
bool dh_typed_was_read(const struct dh_cast *c);

bool dh_start_middle(struct dh_cast *c);
/* Ends mallory's part, and retells what it did. The last conversation that it reports (borrowed); NULL: none. */
const json_t *dh_end_middle(struct dh_cast *c);

const char *dh_text(const json_t *o, const char *key);

#endif
