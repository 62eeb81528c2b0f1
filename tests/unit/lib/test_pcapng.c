/* pcapng: what is written is read again; other byte orders and clocks; every kind of damage. */
#include "torture.h"

#include <fcntl.h>
#include <unistd.h>

#include "craft.h"

struct files {
	char path[64];
};

static int make_file(void **state)
{
	struct files *f = calloc(1, sizeof *f);
	strcpy(f->path, "/tmp/test_pcapng.XXXXXX");
	int fd = mkstemp(f->path);
	close(fd);
	*state = f;
	return fd < 0;
}

static int end_file(void **state)
{
	struct files *f = *state;
	unlink(f->path);
	free(f);
	return 0;
}

static struct crafted a_packet(void)
{
	struct craft c = {.smac = 1,
	    .dmac = 2,
	    .src = "192.0.2.1",
	    .dst = "192.0.2.2",
	    .sport = 1024,
	    .dport = 53,
	    .proto = 17,
	    .ttl = 64,
	    .payload = "hello"};
	return craft_packet(&c);
}

#define TIME 1795367284914013059

/* Two interfaces, a name, secrets, three packets. */
static void write_sample(const char *path)
{
	struct pcapng *w;
	struct vantage a = {.host = "laptop", .ifname = "eth0", .linktype = DLT_EN10MB};
	struct vantage b = {.ifname = "tun0", .linktype = DLT_RAW};
	struct crafted p = a_packet();
	struct capture_packet cp = {.packet = {.time = TIME, .bytes = p.b, .len = p.len, .wire_len = p.len + 7},
	    .has_direction = true,
	    .outgoing = true};
	struct ip v4 = craft_ip("192.0.2.1"), v6 = craft_ip("2001:db8::1");
	assert_int_equal(pcapng_create(&w, path), ERR_OK);
	assert_int_equal(pcapng_interface(w, &a), ERR_OK);
	assert_int_equal(pcapng_name(w, &v4, "laptop"), ERR_OK);
	assert_int_equal(pcapng_name(w, &v6, "a-root"), ERR_OK);
	assert_int_equal(pcapng_tls_keys(w, "CLIENT_RANDOM 00 11\n", 20), ERR_OK);
	assert_int_equal(pcapng_packet(w, &cp, "first"), ERR_OK);
	cp.outgoing = false;
	assert_int_equal(pcapng_packet(w, &cp, NULL), ERR_OK);
	assert_int_equal(pcapng_interface(w, &b), ERR_OK);
	cp = (struct capture_packet){
	    .packet = {.time = TIME + 1, .bytes = p.b + 14, .len = p.len - 14, .wire_len = p.len - 14}, .vantage = 1};
	assert_int_equal(pcapng_packet(w, &cp, ""), ERR_OK);
	cp.vantage = 2;
	assert_int_equal(pcapng_packet(w, &cp, ""), ERR_INTERNAL);
	assert_int_equal(pcapng_close(w), ERR_OK);
}

static void written_file_is_read_again(void **state)
{
	struct files *f = *state;
	struct crafted p = a_packet();
	struct capture *c;
	struct capture_packet cp;
	char msg[256];
	write_sample(f->path);
	assert_int_equal(capture_open_file(&c, f->path, NULL, msg), ERR_OK);

	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
	assert_int_equal(cp.packet.number, 1);
	assert_true(cp.packet.time == TIME);
	assert_int_equal(cp.packet.len, p.len);
	assert_int_equal(cp.packet.wire_len, p.len + 7);
	assert_memory_equal(cp.packet.bytes, p.b, p.len);
	assert_string_equal(cp.comment, "first");
	assert_true(cp.has_direction && cp.outgoing);
	assert_string_equal(capture_vantage(c, cp.vantage)->host, "laptop");
	assert_string_equal(capture_vantage(c, cp.vantage)->ifname, "eth0");

	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
	assert_null(cp.comment);
	assert_true(cp.has_direction && !cp.outgoing);

	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
	assert_false(cp.has_direction);
	assert_true(cp.packet.time == TIME + 1);
	assert_int_equal(cp.packet.linktype, DLT_RAW);
	assert_string_equal(capture_vantage(c, cp.vantage)->host, "");
	assert_string_equal(capture_vantage(c, cp.vantage)->ifname, "tun0");
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_CLOSED);

	struct ip v6 = craft_ip("2001:db8::1"), other = craft_ip("2001:db8::2");
	assert_string_equal(capture_name(c, &v6), "a-root");
	assert_null(capture_name(c, &other));
	assert_int_equal(c->n_keys, 20);
	capture_close(c);
}

static void names_and_secrets_are_copied(void **state)
{
	struct files *f = *state;
	struct capture *c;
	struct capture_packet cp;
	struct pcapng *w;
	char msg[256], copy[80];
	write_sample(f->path);
	assert_int_equal(capture_open_file(&c, f->path, NULL, msg), ERR_OK);
	while (capture_next(c, &cp, 0, -1) == ERR_OK)
		;
	snprintf(copy, sizeof copy, "%s.copy", f->path);
	assert_int_equal(pcapng_create(&w, copy), ERR_OK);
	assert_int_equal(capture_copy_meta(c, w), ERR_OK);
	assert_int_equal(pcapng_close(w), ERR_OK);
	capture_close(c);
	assert_int_equal(capture_open_file(&c, copy, NULL, msg), ERR_OK);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_CLOSED);
	struct ip v4 = craft_ip("192.0.2.1");
	assert_string_equal(capture_name(c, &v4), "laptop");
	assert_memory_equal(c->keys, "CLIENT_RANDOM 00 11\n", 20);
	capture_close(c);
	unlink(copy);
}

static void filter_leaves_numbers_as_in_the_file(void **state)
{
	struct files *f = *state;
	struct capture *c;
	struct capture_packet cp;
	char msg[256];
	write_sample(f->path);
	/* "ether" means nothing on raw IP: no packet of that interface passes. */
	assert_int_equal(capture_open_file(&c, f->path, "ether host 02:00:00:00:00:01 and port 53", msg), ERR_OK);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
	assert_int_equal(cp.packet.number, 2);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_CLOSED);
	capture_close(c);
}

static size_t read_all(const char *path, uint8_t *buf, size_t cap)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, cap);
	close(fd);
	assert_true(n > 0 && (size_t)n < cap);
	return (size_t)n;
}

static void write_all(const char *path, const void *buf, size_t n)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(write(fd, buf, n) == (ssize_t)n);
	close(fd);
}

/* Packets before the damage, and the error. */
static enum err count(const char *path, size_t *n, char error[static 256])
{
	struct capture *c;
	struct capture_packet cp;
	enum err e = capture_open_file(&c, path, NULL, error);
	*n = 0;
	if (e)
		return e;
	while (!(e = capture_next(c, &cp, 0, -1)))
		++*n;
	snprintf(error, 256, "%s", capture_error(c));
	assert_int_equal(capture_next(c, &cp, 0, -1), e); /* and it stays so */
	capture_close(c);
	return e;
}

static void file_cut_anywhere_gives_what_is_before(void **state)
{
	struct files *f = *state;
	uint8_t buf[4096];
	char error[256];
	size_t last = 0, n;
	write_sample(f->path);
	size_t len = read_all(f->path, buf, sizeof buf);
	for (size_t cut = 0; cut < len; cut++) {
		write_all(f->path, buf, cut);
		enum err e = count(f->path, &n, error);
		assert_true(e == ERR_TRUNCATED || e == ERR_CLOSED);
		assert_true(n >= last && n <= 3);
		if (e == ERR_TRUNCATED)
			assert_non_null(strstr(error, "offset"));
		last = n;
	}
	assert_int_equal(last, 2);
}

static void octet_changed_anywhere_is_survived(void **state)
{
	struct files *f = *state;
	uint8_t buf[4096];
	char error[256];
	size_t n;
	write_sample(f->path);
	size_t len = read_all(f->path, buf, sizeof buf);
	for (size_t at = 0; at < len; at++) {
		uint8_t was = buf[at];
		buf[at] ^= 0xff;
		write_all(f->path, buf, len);
		(void)count(f->path, &n, error);
		assert_true(n <= 3);
		buf[at] = was;
	}
}

/* --- by hand, big endian */

struct hand {
	uint8_t b[512];
	struct wr w;
};

static void hand_begin(struct hand *h)
{
	h->w = wr_init(h->b, sizeof h->b);
	wr_bytes(&h->w,
	    "\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d\0\1\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x1c", 28);
}

/* An interface with one option of one octet (if_tsresol) and an offset of 100 s. */
static void hand_interface(struct hand *h, uint8_t tsresol)
{
	wr_bytes(&h->w, "\0\0\0\1\0\0\0\x2c\0\1\0\0\0\0\0\0", 16);
	wr_bytes(&h->w, "\0\x09\0\1", 4);
	wr_u8(&h->w, tsresol);
	wr_bytes(&h->w, "\0\0\0\0\x0e\0\x08\0\0\0\0\0\0\0\x64", 15);
	wr_bytes(&h->w, "\0\0\0\0\0\0\0\x2c", 8);
}

static void hand_packet(struct hand *h, uint32_t interface, uint64_t time, uint32_t caplen)
{
	wr_bytes(&h->w, "\0\0\0\6\0\0\0\x24", 8);
	wr_u32(&h->w, interface);
	wr_u32(&h->w, (uint32_t)(time >> 32));
	wr_u32(&h->w, (uint32_t)time);
	wr_u32(&h->w, caplen);
	wr_u32(&h->w, caplen);
	wr_bytes(&h->w, "abcd\0\0\0\x24", 8);
}

static void big_endian_and_other_clocks_are_read(void **state)
{
	struct files *f = *state;
	static const struct {
		uint8_t tsresol;
		uint64_t units;
	} of[] = {{3, 2500}, {6, 2500000}, {9, 2500000000}, {12, 2500000000000}, {0x81, 5}, {0xa0, 10737418240}};
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		struct hand h;
		struct capture *c;
		struct capture_packet cp;
		char msg[256];
		hand_begin(&h);
		hand_interface(&h, of[i].tsresol);
		hand_packet(&h, 0, of[i].units, 4);
		write_all(f->path, h.b, h.w.pos);
		assert_int_equal(capture_open_file(&c, f->path, NULL, msg), ERR_OK);
		assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
		assert_int_equal(cp.packet.time, 102500000000); /* 2.5 s and the offset */
		assert_int_equal(cp.packet.len, 4);
		assert_int_equal(capture_next(c, &cp, 0, -1), ERR_CLOSED);
		capture_close(c);
	}
}

static void refused(struct files *f, const struct hand *h, enum err want, const char *why)
{
	char error[256];
	size_t n;
	write_all(f->path, h->b, h->w.pos);
	assert_int_equal(count(f->path, &n, error), want);
	if (!strstr(error, why))
		fail_msg("'%s' is not in '%s'", why, error);
}

static void impossible_blocks_are_refused_with_their_place(void **state)
{
	struct files *f = *state;
	struct hand h;
	hand_begin(&h);
	hand_interface(&h, 9);
	hand_packet(&h, 1, 0, 4);
	refused(f, &h, ERR_FORMAT, "offset 72: a packet of an interface that no block described");
	hand_begin(&h);
	hand_interface(&h, 9);
	hand_packet(&h, 0, 0, 400);
	refused(f, &h, ERR_TRUNCATED, "offset 72: the packet is longer than its block");
	hand_begin(&h);
	hand_interface(&h, 20); /* 10^-20 s */
	refused(f, &h, ERR_FORMAT, "offset 28: an interface whose clock");
	hand_begin(&h);
	wr_bytes(&h.w, "\0\0\0\6\0\0\0\x0b", 8);
	refused(f, &h, ERR_FORMAT, "offset 28: its length 11 cannot be");
	hand_begin(&h);
	wr_bytes(&h.w, "\0\0\0\6\x7f\xff\xff\xfc", 8);
	refused(f, &h, ERR_FORMAT, "cannot be");
	hand_begin(&h);
	wr_bytes(&h.w, "\0\0\0\7\0\0\0\x0c\0\0\0\x10", 12);
	refused(f, &h, ERR_FORMAT, "differ");
}

static void unknown_blocks_and_a_second_section_are_passed(void **state)
{
	struct files *f = *state;
	struct hand h, second;
	char error[256];
	size_t n;
	hand_begin(&h);
	wr_bytes(&h.w, "\0\0\x0b\xad\0\0\0\x10what\0\0\0\x10", 16);
	hand_interface(&h, 9);
	hand_packet(&h, 0, 0, 4);
	hand_begin(&second);
	wr_bytes(&h.w, second.b, second.w.pos);
	hand_interface(&h, 9);
	wr_bytes(&h.w, "\0\0\0\3\0\0\0\x14\0\0\0\4abcd\0\0\0\x14", 20); /* a simple packet block */
	write_all(f->path, h.b, h.w.pos);
	assert_int_equal(count(f->path, &n, error), ERR_CLOSED);
	assert_int_equal(n, 2);
	/* Interfaces of the first section are none of the second's. */
	hand_begin(&second);
	wr_bytes(&h.w, second.b, second.w.pos);
	hand_packet(&h, 0, 0, 4);
	refused(f, &h, ERR_FORMAT, "no block described");
}

static void path_that_cannot_be_written_is_an_io_error(void **state)
{
	struct pcapng *w;
	(void)state;
	assert_int_equal(pcapng_create(&w, "/nonexistent/x.pcapng"), ERR_IO);
	assert_null(w);
	if (access("/dev/full", W_OK) == 0)
		assert_int_equal(pcapng_create(&w, "/dev/full"), ERR_IO);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_file, end_file)
	const struct CMUnitTest tests[] = {
	    T(written_file_is_read_again),
	    T(names_and_secrets_are_copied),
	    T(filter_leaves_numbers_as_in_the_file),
	    T(file_cut_anywhere_gives_what_is_before),
	    T(octet_changed_anywhere_is_survived),
	    T(big_endian_and_other_clocks_are_read),
	    T(impossible_blocks_are_refused_with_their_place),
	    T(unknown_blocks_and_a_second_section_are_passed),
	    T(path_that_cannot_be_written_is_an_io_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
