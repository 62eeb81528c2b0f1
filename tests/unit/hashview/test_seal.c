/* Sealed files: what goes in comes out, and nothing that was touched does. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hashview/seal.h"
#include "torture.h"

static const struct seal_request pass = {.passphrase = "open sesame", .len = 11, .passes = 1, .memory_kib = 8};

static int memory_file(const uint8_t *data, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0 && write(fd, data, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static size_t contents(int fd, uint8_t *out, size_t cap)
{
	ssize_t n = pread(fd, out, cap, 0);

	assert_true(n >= 0);
	close(fd);
	return (size_t)n;
}

static size_t seal(const uint8_t *data, size_t len, uint8_t *out, size_t cap)
{
	int in = memory_file(data, len), to = memory_file(NULL, 0);

	assert_int_equal(seal_stream(in, to, &pass, len), ERR_OK);
	close(in);
	return contents(to, out, cap);
}

static enum err unseal(
    const uint8_t *data, size_t len, const struct seal_request *q, uint8_t *out, size_t cap, size_t *n)
{
	int in = memory_file(data, len), to = memory_file(NULL, 0);
	enum err e = open_stream(in, to, q, len);

	close(in);
	*n = contents(to, out, cap);
	return e;
}

#define ROOM (SEAL_CHUNK * 4)

struct rooms {
	uint8_t plain[ROOM], sealed[ROOM], back[ROOM];
};

static int make_rooms(void **state)
{
	struct rooms *r = malloc(sizeof(*r));

	if (!r)
		return -1;
	randombytes_buf(r->plain, sizeof(r->plain));
	*state = r;
	return 0;
}

static int drop_rooms(void **state)
{
	free(*state);
	return 0;
}

static void seal_any_length_comes_back(void **state)
{
	static const size_t lengths[] = {0, 1, 100, SEAL_CHUNK - 1, SEAL_CHUNK, SEAL_CHUNK + 1, 2 * SEAL_CHUNK - 1,
	    2 * SEAL_CHUNK, 2 * SEAL_CHUNK + 1, 3 * SEAL_CHUNK + 7};
	struct rooms *r = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t n = seal(r->plain, lengths[i], r->sealed, ROOM), back;
		size_t chunks = lengths[i] ? (lengths[i] + SEAL_CHUNK - 1) / SEAL_CHUNK : 1;
		assert_int_equal(n, SEAL_HEADER + lengths[i] + chunks * 17);
		assert_int_equal(unseal(r->sealed, n, &pass, r->back, ROOM, &back), ERR_OK);
		assert_int_equal(back, lengths[i]);
		assert_memory_equal(r->back, r->plain, back);
	}
}

static void open_wrong_passphrase_is_refused(void **state)
{
	struct rooms *r = *state;
	struct seal_request wrong = pass;
	size_t n = seal(r->plain, 100, r->sealed, ROOM), back;

	wrong.passphrase = "open sesamf";
	assert_int_equal(unseal(r->sealed, n, &wrong, r->back, ROOM, &back), ERR_NEGATIVE);
	assert_int_equal(back, 0);
}

/* Every bit of a small file, the header's too (some of them ask for more memory than there is to give, or
 * make it no sealed file). */
static void open_any_bit_changed_is_refused(void **state)
{
	struct rooms *r = *state;
	size_t n = seal(r->plain, 40, r->sealed, ROOM), back;

	for (size_t bit = 0; bit < n * 8; bit++) {
		if (bit / 8 >= 8 && bit / 8 < 15)
			continue; /* passes and memory: 2^n of them take their time; see below */
		r->sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		enum err e = unseal(r->sealed, n, &pass, r->back, ROOM, &back);
		if (e == ERR_OK || back > 0)
			fail_msg("bit %zu was changed, and nobody noticed", bit);
		r->sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void open_any_cut_is_refused(void **state)
{
	struct rooms *r = *state;
	size_t n = seal(r->plain, 40, r->sealed, ROOM), back;

	for (size_t len = 0; len < n; len++)
		assert_int_not_equal(unseal(r->sealed, len, &pass, r->back, ROOM, &back), ERR_OK);
	r->sealed[n] = 0;
	assert_int_equal(unseal(r->sealed, n + 1, &pass, r->back, ROOM, &back), ERR_NEGATIVE);
}

/* Whole chunks: cut away, twice, in another order. */
static void open_chunks_moved_are_refused(void **state)
{
	struct rooms *r = *state;
	size_t size = SEAL_CHUNK + 17, n = seal(r->plain, 2 * SEAL_CHUNK + 5, r->sealed, ROOM), back;

	assert_int_equal(unseal(r->sealed, SEAL_HEADER + size, &pass, r->back, ROOM, &back), ERR_NEGATIVE);
	assert_int_equal(unseal(r->sealed, SEAL_HEADER + 2 * size, &pass, r->back, ROOM, &back), ERR_NEGATIVE);
	memcpy(r->back, r->sealed + SEAL_HEADER, size);
	memcpy(r->sealed + SEAL_HEADER, r->sealed + SEAL_HEADER + size, size);
	assert_int_equal(unseal(r->sealed, n, &pass, r->plain, ROOM, &back), ERR_NEGATIVE);
	memcpy(r->sealed + SEAL_HEADER, r->back, size);
	memcpy(r->sealed + SEAL_HEADER + size, r->back, size);
	assert_int_equal(unseal(r->sealed, n, &pass, r->plain, ROOM, &back), ERR_NEGATIVE);
}

static void header_asking_for_too_much_is_refused(void **state)
{
	struct seal_header h = {.passes = 1, .memory_kib = SEAL_MEMORY_MAX_KIB + 1}, out;
	uint8_t bytes[SEAL_HEADER];

	(void)state;
	seal_header_write(&h, bytes);
	assert_int_equal(seal_header_parse(&out, bytes, sizeof(bytes)), ERR_BUDGET);
	h = (struct seal_header){.passes = SEAL_PASSES_MAX + 1, .memory_kib = 8};
	seal_header_write(&h, bytes);
	assert_int_equal(seal_header_parse(&out, bytes, sizeof(bytes)), ERR_BUDGET);
	h.passes = 0;
	seal_header_write(&h, bytes);
	assert_int_equal(seal_header_parse(&out, bytes, sizeof(bytes)), ERR_FORMAT);
	bytes[6] = '2';
	assert_int_equal(seal_header_parse(&out, bytes, sizeof(bytes)), ERR_VERSION);
	assert_int_equal(seal_header_parse(&out, bytes, 3), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(seal_any_length_comes_back, make_rooms, drop_rooms),
	    cmocka_unit_test_setup_teardown(open_wrong_passphrase_is_refused, make_rooms, drop_rooms),
	    cmocka_unit_test_setup_teardown(open_any_bit_changed_is_refused, make_rooms, drop_rooms),
	    cmocka_unit_test_setup_teardown(open_any_cut_is_refused, make_rooms, drop_rooms),
	    cmocka_unit_test_setup_teardown(open_chunks_moved_are_refused, make_rooms, drop_rooms),
	    cmocka_unit_test(header_asking_for_too_much_is_refused),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
