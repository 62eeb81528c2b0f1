/* The matrix: mallory between two who agree on a key in the open. */
#include <string.h>

#include "matrix.h"
#include "matrix_find.h"
#include "scene_dh.h"

enum habit { BARE, COMPARED, SIGNED };

/* Does this packet bring a public key? [glassnet/dh.h: the type follows the length] */
static bool is_hello(void *ctx, const struct packet *p)
{
	(void)ctx;
	return p->src.port == DH_PORT && p->payload_len > 2 && p->bytes[p->payload_off + 2] == 1;
}

/* … or something under the key: of both who sign that is the signature first. */
static bool is_record(void *ctx, const struct packet *p)
{
	(void)ctx;
	return p->src.port == DH_PORT && p->payload_len > 2 && p->bytes[p->payload_off + 2] == 2;
}

static const json_t *last_of(const json_t *result)
{
	const json_t *all = json_object_get(result, "conversations");

	return json_array_get(all, json_array_size(all) - 1);
}

/* Has mallory a key of its own with each of the two, as they themselves tell it? */
static bool has_two_keys(const struct dh_cast *c, const json_t *talk)
{
	return c->alice_print[0] && c->bob_print[0] &&
	       strcmp(c->alice_print, dh_text(talk, "fingerprint_with_victim")) == 0 &&
	       strcmp(c->bob_print, dh_text(talk, "fingerprint_with_target")) == 0;
}

static void take_loot(struct outcome *o, const struct dh_cast *c, const json_t *talk)
{
	const char *heard = json_string_value(json_array_get(json_object_get(talk, "heard"), 0));

	if (heard && strstr(heard, c->code))
		cell_got(o, true, "every word (\"%s\")", heard);
	else
		cell_not_got(o, "a word of it: it heard %lld lines",
		    (long long)json_integer_value(json_object_get(talk, "lines")));
	if (strstr(c->bob_read, c->code) && !dh_typed_was_read(c))
		cell_got(o, true, "a word changed: Bob reads \"%s\"", c->bob_read);
}

static bool converse(struct dh_cast *c, enum habit how, bool *same)
{
	if (how == COMPARED)
		return dh_converse_compared(c, same);
	return (how == BARE || dh_exchange_keys(c)) && dh_converse(c, how == SIGNED);
}

static void decide(struct outcome *o, const struct dh_cast *c, enum habit how, uint64_t packet)
{
	if (how == SIGNED)
		(void)!cell_decided_by(o, &c->alice, "signature", packet);
	else if (how == COMPARED)
		cell_decided(o, "fingerprints", packet, "Alice reads %s, Bob %s: not the same key", c->alice_print,
		    c->bob_print);
	else
		cell_decided(o, "none", packet, "no check was asked; the fingerprints, %s and %s, would have told",
		    c->alice_print, c->bob_print);
}

/* A check that refuses everybody has shown nothing: without mallory the two must agree. */
static void try_without_mallory(struct matrix *m, struct outcome *o, struct dh_cast *c, enum habit how)
{
	bool same = true;

	ev_heading(&m->d->trace, "The same without mallory");
	if (converse(c, how, &same) && same && dh_typed_was_read(c))
		return;
	ev_warning(&m->d->trace, "the two do not agree without mallory, either");
	o->ran = false;
}

static void attack(struct matrix *m, struct outcome *o, struct dh_cast *c, enum habit how)
{
	static const char *const argv[] = {"mallory", "dh", "--change", "noon", "--into", "nine", NULL};
	struct packet_find key = {.port = DH_PORT, .is = how == SIGNED ? is_record : is_hello, .to = "laptop"};
	bool same = false;

	if (!matrix_freewifi(m, NULL) || !matrix_middle(m, argv))
		return;
	if (!converse(c, how, &same))
		ev_warning(&m->d->trace, "Alice and Bob did not come to talk");
	const json_t *talk = last_of(matrix_middle_end(m));
	packet_find(m->d, "Two exchanges, with mallory between", &key);
	cell_tried(o, has_two_keys(c, talk) && key.n > 0, "made an exchange of its own with each of the two");
	take_loot(o, c, talk);
	if (how != COMPARED || !same)
		decide(o, c, how, key.first);
	if (!o->reached)
		try_without_mallory(m, o, c, how);
}

static void play(struct matrix *m, struct outcome *o, enum habit how)
{
	struct dh_cast c;

	if (dh_cast_open(&c, m->d))
		attack(m, o, &c, how);
	else
		ev_warning(&m->d->trace, "Alice has nothing to say, or Bob no address");
	dh_cast_close(&c);
	dh_cast_clean(m->d);
}

static void bare(struct matrix *m, struct outcome *o)
{
	play(m, o, BARE);
}

static void compared(struct matrix *m, struct outcome *o)
{
	play(m, o, COMPARED);
}

static void with_signatures(struct matrix *m, struct outcome *o)
{
	play(m, o, SIGNED);
}

static const struct cell cells[] = {
    {"dh/bare", bare},
    {"dh/compared", compared},
    {"dh/signed", with_signatures},
};

const struct cell_family matrix_dh = {
    .name = "dh", .cells = cells, .n = sizeof(cells) / sizeof(cells[0]), .clean = dh_cast_clean};
