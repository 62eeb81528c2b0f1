/* The records that RFC 8448 3 publishes, as segments of a connection, opened with its secrets as a key log: what comes
 * out is what the RFC prints. */
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/flow.h"
#include "glassnet/proto/tls.h"
#include "glassnet/wire.h"
#include "tlsview/rfc8448.h"
#include "torture.h"

struct talk {
	struct flows *f;
	struct packet p;
	uint8_t bytes[4000];
	uint64_t n;
	uint32_t seq[2];
};

static const struct segment *say(struct talk *t, bool client, uint8_t flags, const uint8_t *data, size_t len)
{
	struct wr w = wr_init(t->bytes, sizeof t->bytes);
	unsigned me = !client;
	wr_u32(&w, 0x45000000u | (uint32_t)(40 + len));
	wr_u32(&w, 0);
	wr_u32(&w, 0x40060000);
	wr_u32(&w, client ? 0xc0a80164 : 0xc0000242);
	wr_u32(&w, client ? 0xc0000242 : 0xc0a80164);
	wr_u16(&w, client ? 40000 : 443);
	wr_u16(&w, client ? 443 : 40000);
	wr_u32(&w, t->seq[me]);
	wr_u32(&w, t->seq[1 - me]);
	wr_u16(&w, (uint16_t)(0x5010 | flags));
	wr_u16(&w, 1000);
	wr_u32(&w, 0);
	if (len)
		wr_bytes(&w, data, len);
	assert_false(w.bad);
	t->seq[me] += (uint32_t)len + (flags & 2 ? 1 : 0);
	t->p = (struct packet){
	    .bytes = t->bytes, .len = w.pos, .wire_len = w.pos, .number = ++t->n, .linktype = DLT_RAW};
	assert_int_equal(flows_take(t->f, &t->p, NULL, 0), ERR_OK);
	assert_non_null(t->p.segment);
	return t->p.segment;
}

/* The secrets as a key log; the client random stands in the first record, behind its header, the message's and the
 * version. */
static void add_keylog(struct flows *f, const struct rfc8448 *v, bool another)
{
	char line[400], random[65];
	uint8_t hello[1000];
	size_t used = 0;
	assert_true(rfc8448_octets(v->records[0].record, hello, sizeof hello) > 43);
	hello[11] ^= another;
	hex_text(random, sizeof random, hello + 11, 32);
	for (enum tls_secret id = 0; id < TLS_SECRET_COUNT; id++) {
		const char *label = tls_secret_info(id)->keylog;
		uint8_t secret[48];
		char hex[97];
		if (!label || !v->secret[id])
			continue;
		hex_text(hex, sizeof hex, secret, rfc8448_octets(v->secret[id], secret, sizeof secret));
		int n = snprintf(line, sizeof line, "# a comment\n%s %s %s\n", label, random, hex);
		assert_int_equal(flows_add_keys(f, line, (size_t)n, &used), ERR_OK);
		assert_int_equal(used, 1);
	}
}

static void ends_with(const struct opened *o, const char *hex)
{
	uint8_t want[64];
	size_t n = rfc8448_octets(hex, want, sizeof want);
	assert_true(n > 0 && o->len >= n);
	assert_memory_equal(o->bytes + o->len - n, want, n);
}

/* skip: a record that the capture lacks; size: octets a segment. */
static unsigned run(size_t skip, size_t size, bool another)
{
	const struct rfc8448 *v = &rfc8448_simple;
	struct talk t = {.seq = {100, 9000}};
	unsigned opened = 0;
	assert_int_equal(flows_new(&t.f, &flows_limits), ERR_OK);
	add_keylog(t.f, v, another);
	say(&t, true, 2, NULL, 0);
	say(&t, false, 2, NULL, 0);
	for (size_t i = 0; i < v->n_records; i++) {
		const struct rfc8448_record *r = &v->records[i];
		uint8_t record[3000], text[3000];
		size_t n = rfc8448_octets(r->record, record, sizeof record),
		       m = rfc8448_octets(r->text, text, sizeof text);
		if (i == skip) {
			t.seq[!r->client] += (uint32_t)n;
			say(&t, !r->client, 0, NULL, 0);
			continue;
		}
		const struct segment *s = NULL;
		for (size_t at = 0; at < n; at += size)
			s = say(&t, r->client, 0, record + at, n - at < size ? n - at : size);
		if (r->epoch == EPOCH_CLEAR) {
			assert_int_equal(s->n_opened, 0);
			continue;
		}
		if (another) {
			assert_int_equal(s->n_opened, 0);
			assert_non_null(s->not_opened);
			continue;
		}
		assert_int_equal(s->n_opened, 1);
		opened++;
		assert_int_equal(s->opened->type, r->type);
		assert_int_equal(s->opened->record_len, n);
		assert_true(s->opened->len >= m);
		assert_memory_equal(s->opened->bytes, text, m);
		if (r->finished)
			ends_with(s->opened, r->client ? v->client_finished : v->server_finished);
		else
			assert_int_equal(s->opened->len, m);
		if (r->type == TLS_APPLICATION_DATA) {
			assert_int_equal(s->inner_len, m);
			assert_memory_equal(s->inner, text, m);
		}
	}
	flows_free(t.f);
	return opened;
}

static size_t encrypted_records(void)
{
	size_t n = 0;
	for (size_t i = 0; i < rfc8448_simple.n_records; i++)
		n += rfc8448_simple.records[i].epoch != EPOCH_CLEAR;
	return n;
}

static void the_published_trace_opens_to_what_the_rfc_prints(void **state)
{
	(void)state;
	assert_true(encrypted_records() >= 6);
	assert_int_equal(run(SIZE_MAX, 3000, false), encrypted_records());
}

static void in_small_segments_just_the_same(void **state)
{
	(void)state;
	assert_int_equal(run(SIZE_MAX, 7, false), encrypted_records());
}

static void a_record_that_the_capture_lacks_does_not_end_the_opening(void **state)
{
	(void)state;
	for (size_t i = 0; i < rfc8448_simple.n_records; i++)
		if (rfc8448_simple.records[i].epoch != EPOCH_CLEAR)
			assert_int_equal(run(i, 3000, false), encrypted_records() - 1);
}

static void secrets_of_another_connection_open_nothing_and_it_is_said(void **state)
{
	(void)state;
	assert_int_equal(run(SIZE_MAX, 3000, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_trace_opens_to_what_the_rfc_prints),
	    cmocka_unit_test(in_small_segments_just_the_same),
	    cmocka_unit_test(a_record_that_the_capture_lacks_does_not_end_the_opening),
	    cmocka_unit_test(secrets_of_another_connection_open_nothing_and_it_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
