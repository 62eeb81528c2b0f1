/* The search for a path: back from dead ends, out of circles, within its limit. */
#include "bed.h"


/* The same subject and key as of, signed by another. */
static struct pair cross(
    const struct pair *of, const char *subject, const struct pair *by, const char *const *more, struct issue_spec s)
{
	s.given_key = of->key;
	return make(subject, by, true, more, s);
}

/* --- the search --- */

static void dead_ends_are_left_again(void **state)
{
	struct bed b = bed_new();
	struct pair stranger = make("/CN=Stranger", NULL, true, NULL, PLAIN),
	            expired = cross(&mid, "/CN=Mid", &root, NULL, (struct issue_spec){.to = NOW - DAY}),
	            elsewhere = cross(&mid, "/CN=Mid", &stranger, NULL, PLAIN),
	            constrained =
	                cross(&mid, "/CN=Mid", &root, LIST("nameConstraints=critical,excluded;DNS:example"), PLAIN),
	            leaf = make("/CN=Leaf", &mid, false, NULL, PLAIN);

	(void)state;
	bed_add(&b, &root, true);
	bed_add(&b, &stranger, false);
	bed_add(&b, &elsewhere, false);
	refused(&b, leaf.cert, "SELF_SIGNED_CERT_IN_CHAIN");
	bed_add(&b, &expired, false);
	refused(&b, leaf.cert, "CERT_HAS_EXPIRED");
	bed_add(&b, &constrained, false);
	bed_judge(&b, leaf.cert);
	bed_add(&b, &mid, false);
	accepted(&b, leaf.cert);
	pair_release(&stranger);
	pair_release(&expired);
	pair_release(&elsewhere);
	pair_release(&constrained);
	pair_release(&leaf);
	bed_free(&b);
}

static void circles_end(void **state)
{
	struct bed b = bed_new();
	struct pair a = make("/CN=A", NULL, true, NULL, PLAIN), c = make("/CN=C", &a, true, NULL, PLAIN),
	            back = cross(&a, "/CN=A", &c, NULL, PLAIN), up = cross(&c, "/CN=C", &root, NULL, PLAIN),
	            leaf = make("/CN=Leaf", &a, false, NULL, PLAIN);

	(void)state;
	bed_add(&b, &root, true);
	bed_add(&b, &c, false);
	bed_add(&b, &back, false);
	bed_add(&b, &a, false);
	assert_string_not_equal(bed_judge(&b, leaf.cert), "");
	bed_add(&b, &up, false);
	accepted(&b, leaf.cert);
	pair_release(&a);
	pair_release(&c);
	pair_release(&back);
	pair_release(&up);
	pair_release(&leaf);
	bed_free(&b);
}

/* Layers of authorities of which each has signed each of the next layer, and no way out at the top. */
static void search_has_an_end(void **state)
{
	enum { LAYERS = 12, WIDTH = 3 };
	static struct pair layer[LAYERS][WIDTH][WIDTH];
	struct bed b = bed_new();
	struct path_result r;
	struct pair nowhere = make("/CN=Nowhere", NULL, true, NULL, PLAIN);
	char name[32];

	(void)state;
	for (int i = 0; i < LAYERS; i++)
		for (int k = 0; k < WIDTH; k++)
			for (int m = 0; m < (i ? WIDTH : 1); m++) {
				snprintf(name, sizeof(name), "/CN=L%d", i);
				layer[i][k][m] =
				    m ? cross(&layer[i][k][0], name, &layer[i - 1][m][0], NULL, PLAIN)
				      : make(name, i ? &layer[i - 1][0][0] : &nowhere, true, NULL, PLAIN);
				bed_add(&b, &layer[i][k][m], false);
			}
	struct pair leaf = make("/CN=Leaf", &layer[LAYERS - 1][0][0], false, NULL, PLAIN);
	bed_add(&b, &root, true);
	assert_int_equal(path_verify(b.store, leaf.cert, &b.rules, NULL, &r), ERR_NEGATIVE);
	assert_true(r.gave_up);
	assert_true(r.candidates <= 25000);
	path_result_release(&r);
	for (int i = 0; i < LAYERS; i++)
		for (int k = 0; k < WIDTH; k++)
			for (int m = 0; m < WIDTH; m++)
				pair_release(&layer[i][k][m]);
	pair_release(&leaf);
	pair_release(&nowhere);
	bed_free(&b);
}

static void anchors_end_a_path(void **state)
{
	struct bed b = bed_new(), self = bed_new();
	struct pair leaf = make("/CN=Leaf", &mid, false, NULL, PLAIN),
	            alone = make("/CN=Alone", NULL, false, NULL, PLAIN);

	(void)state;
	bed_add(&b, &mid, true);
	accepted(&b, leaf.cert);
	bed_add(&self, &alone, true);
	accepted(&self, alone.cert);
	refused(&b, alone.cert, "DEPTH_ZERO_SELF_SIGNED_CERT");
	pair_release(&leaf);
	pair_release(&alone);
	bed_free(&b);
	bed_free(&self);
}

static void depth_and_length_are_counted(void **state)
{
	struct bed b = bed_new();
	struct pair again = make("/CN=Mid", &mid, true, NULL, PLAIN),
	            zero = make("/CN=Zero", &root, true, LIST("basicConstraints=critical,CA:TRUE,pathlen:0"), PLAIN),
	            self = make("/CN=Zero", &zero, true, NULL, PLAIN),
	            sub = make("/CN=Sub", &zero, true, NULL, PLAIN),
	            leaf = make("/CN=Leaf", &again, false, NULL, PLAIN),
	            fine = make("/CN=Leaf", &self, false, NULL, PLAIN),
	            deep = make("/CN=Leaf", &sub, false, NULL, PLAIN);

	(void)state;
	bed_add(&b, &root, true);
	bed_add(&b, &mid, false);
	bed_add(&b, &again, false);
	bed_add(&b, &zero, false);
	bed_add(&b, &self, false);
	bed_add(&b, &sub, false);
	b.rules.max_depth = 1; /* Mid, and Mid again, issued to itself */
	accepted(&b, leaf.cert);
	b.rules.max_depth = 0;
	assert_string_not_equal(bed_judge(&b, leaf.cert), "");
	b.rules.max_depth = -1;
	accepted(&b, fine.cert); /* issued to itself: it does not count */
	refused(&b, deep.cert, "PATH_LENGTH_EXCEEDED");
	pair_release(&again);
	pair_release(&zero);
	pair_release(&self);
	pair_release(&sub);
	pair_release(&leaf);
	pair_release(&fine);
	pair_release(&deep);
	bed_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dead_ends_are_left_again),
	    cmocka_unit_test(circles_end),
	    cmocka_unit_test(search_has_an_end),
	    cmocka_unit_test(anchors_end_a_path),
	    cmocka_unit_test(depth_and_length_are_counted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
