/* Handshake messages: labels and fields; cut short at every length; lists that lie about their length. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "tlsview/hs.h"
#include "torture.h"

static const struct hs_context tls13 = {.version = TLS1_3, .from_server = true};
static const struct hs_context tls12 = {.version = TLS1_2, .from_server = true};

/* Certificate of TLS 1.3: no context, two "certificates" of 3 and 2 octets, each without extensions. */
static const uint8_t certificate13[] = {
    11, 0, 0, 19, 0, 0, 0, 15, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0, 2, 'd', 'e', 0, 0};
/* The same in TLS 1.2. */
static const uint8_t certificate12[] = {11, 0, 0, 14, 0, 0, 11, 0, 0, 3, 'a', 'b', 'c', 0, 0, 2, 'd', 'e'};
/* x25519 (RFC 8422 5.4), a point of 2 octets, signed with ecdsa_secp256r1_sha256, a signature of 3 octets. */
static const uint8_t server_key[] = {12, 0, 0, 13, 3, 0, 29, 2, 1, 2, 4, 3, 0, 3, 7, 8, 9};
/* The same, anonymous. */
static const uint8_t server_key_anonymous[] = {12, 0, 0, 6, 3, 0, 29, 2, 1, 2};
/* ALPN (RFC 7301 3.1): "h2" was chosen. */
static const uint8_t extensions[] = {8, 0, 0, 11, 0, 9, 0, 16, 0, 5, 0, 3, 2, 'h', '2'};
static const uint8_t verify[] = {15, 0, 0, 7, 8, 4, 0, 3, 1, 2, 3};
static const uint8_t ticket[] = {4, 0, 0, 6, 0, 0, 0x1c, 0x20, 9, 9};

struct sample {
	const uint8_t *msg;
	size_t len;
	const struct hs_context *ctx;
	const char *label;
};

static const struct sample samples[] = {
    {certificate13, sizeof(certificate13), &tls13, "Certificate: 2 certificates, 23 octets"},
    {certificate12, sizeof(certificate12), &tls12, "Certificate: 2 certificates, 18 octets"},
    {server_key, sizeof(server_key), &tls12, "ServerKeyExchange: x25519, signed with ecdsa_secp256r1_sha256"},
    {server_key_anonymous, sizeof(server_key_anonymous), &tls12, "ServerKeyExchange: x25519, signed by nobody"},
    {extensions, sizeof(extensions), &tls13, "EncryptedExtensions: application_layer_protocol_negotiation"},
    {verify, sizeof(verify), &tls13, "CertificateVerify: signed with rsa_pss_rsae_sha256"},
    {ticket, sizeof(ticket), &tls13, "NewSessionTicket: good for 7200 seconds"},
    {(const uint8_t[]){8, 0, 0, 2, 0, 0}, 6, &tls13, "EncryptedExtensions: nothing to add"},
    {(const uint8_t[]){14, 0, 0, 0}, 4, &tls12, "ServerHelloDone"},
    {(const uint8_t[]){20, 0, 0, 2, 1, 2}, 6, &tls12, "Finished: 2 octets"},
    {(const uint8_t[]){99, 0, 0, 1, 1}, 5, &tls12, "handshake message of unknown type 99, 5 octets"},
    {(const uint8_t[]){20}, 1, &tls12, "a handshake message that is cut short"},
};
#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void label_names_what_is_in_it(void **state)
{
	char label[HS_LABEL];

	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++)
		assert_string_equal(
		    hs_label(label, samples[i].ctx, samples[i].msg, samples[i].len), samples[i].label);
}

/* Every length of every sample, and every octet replaced: no read beyond the end (the sanitizers see it), no
 * field outside of the message. */
static void tell(const uint8_t *msg, size_t len, const struct hs_context *ctx)
{
	char label[HS_LABEL];
	uint8_t *copy = malloc(len ? len : 1);

	memcpy(copy, msg, len);
	hs_label(label, ctx, copy, len);
	assert_true(strlen(label) < HS_LABEL);
	hs_fields(NULL, ctx, copy, len);
	(void)hs_lesson(ctx, copy, len);
	free(copy);
}

static void message_cut_at_every_length_is_safe(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++)
		for (size_t n = 0; n <= samples[i].len; n++)
			tell(samples[i].msg, n, samples[i].ctx);
}

static void message_with_a_wrong_octet_is_safe(void **state)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
	uint8_t msg[64];

	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++)
		for (size_t at = 0; at < samples[i].len; at++)
			for (size_t v = 0; v < sizeof(values); v++) {
				memcpy(msg, samples[i].msg, samples[i].len);
				msg[at] = values[v];
				tell(msg, samples[i].len, samples[i].ctx);
			}
}

static void certificates_are_found_in_order(void **state)
{
	struct hs_certificates c;
	struct span der;
	size_t at;

	(void)state;
	assert_int_equal(
	    hs_certificates_parse(&c, TLS1_3, certificate13 + 4, sizeof(certificate13) - 4, &at), ERR_OK);
	assert_true(hs_next_certificate(&c, &der));
	assert_int_equal(der.len, 3);
	assert_memory_equal(der.p, "abc", 3);
	assert_true(hs_next_certificate(&c, &der));
	assert_memory_equal(der.p, "de", 2);
	assert_false(hs_next_certificate(&c, &der));
	assert_false(c.list.bad);
}

static void certificates_with_a_lying_length_are_malformed(void **state)
{
	uint8_t msg[sizeof(certificate12)];
	struct hs_certificates c;
	struct span der;
	size_t at;

	(void)state;
	memcpy(msg, certificate12, sizeof(msg));
	msg[6]++; /* the list */
	assert_int_equal(hs_certificates_parse(&c, TLS1_2, msg + 4, sizeof(msg) - 4, &at), ERR_TRUNCATED);
	msg[6] -= 2;
	assert_int_equal(hs_certificates_parse(&c, TLS1_2, msg + 4, sizeof(msg) - 4, &at), ERR_TOO_LONG);
	memcpy(msg, certificate12, sizeof(msg));
	msg[15]++; /* the second certificate */
	assert_int_equal(hs_certificates_parse(&c, TLS1_2, msg + 4, sizeof(msg) - 4, &at), ERR_OK);
	assert_true(hs_next_certificate(&c, &der));
	assert_false(hs_next_certificate(&c, &der));
	assert_true(c.list.bad);
}

static void server_key_of_finite_fields_is_left_alone(void **state)
{
	static const uint8_t dhe[] = {0, 1, 2};
	struct hs_server_key k;
	size_t at;

	(void)state;
	assert_int_equal(hs_server_key_parse(&k, dhe, sizeof(dhe), &at), ERR_OK);
	assert_false(k.named_curve);
}

static void fields_lie_where_they_say(void **state)
{
	struct recorder r;
	struct trace t;

	(void)state;
	trace_init(&t, &clock_real, "test");
	recorder_attach(&r, &t);
	hs_fields(&t, &tls12, server_key, sizeof(server_key));
	const struct recorded *point = recorder_find(&r, 0, EV_FIELD, "public key", "0102");
	const struct recorded *signature = recorder_find(&r, 0, EV_FIELD, "signature", "070809");
	assert_non_null(point);
	assert_non_null(signature);
	assert_non_null(recorder_find(&r, 0, EV_FIELD, "group", "x25519"));
	assert_int_equal(trace_release(&t), ERR_OK);
	recorder_release(&r);
}

static void lesson_differs_where_tls12_does(void **state)
{
	/* ServerHello (RFC 5246 7.4.1.3) without extensions; with supported_versions 1.3; and
	 * HelloRetryRequest */
	uint8_t hello[4 + 2 + 32 + 1 + 2 + 1 + 2 + 6] = {2, 0, 0, 38, 3, 3};

	(void)state;
	const char *old = hs_lesson(&tls12, hello, 42);
	assert_non_null(strstr(old, "in the clear"));
	hello[3] = 46;
	memcpy(hello + 42, (const uint8_t[]){0, 6, 0, 43, 0, 2, 3, 4}, 8);
	const char *new = hs_lesson(&tls13, hello, sizeof(hello));
	assert_non_null(strstr(new, "both halves"));
	assert_null(hs_lesson(&tls13, (const uint8_t[]){99, 0, 0, 0}, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(label_names_what_is_in_it),
	    cmocka_unit_test(message_cut_at_every_length_is_safe),
	    cmocka_unit_test(message_with_a_wrong_octet_is_safe),
	    cmocka_unit_test(certificates_are_found_in_order),
	    cmocka_unit_test(certificates_with_a_lying_length_are_malformed),
	    cmocka_unit_test(server_key_of_finite_fields_is_left_alone),
	    cmocka_unit_test(fields_lie_where_they_say),
	    cmocka_unit_test(lesson_differs_where_tls12_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
