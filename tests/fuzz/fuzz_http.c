/* HTTP heads and forms, from arbitrary bytes. */
#include "glassnet/proto/http.h"

#include "proto.h"

static void check_form(const uint8_t *data, size_t size)
{
	struct http_form_field f;
	char value[64];
	size_t n, end = 0;

	for (size_t pos = 0; http_form_next(data, size, &pos, &f);) {
		must(f.name.off >= end && f.name.len <= size - f.name.off);
		must(f.value.len <= size - f.value.off);
		end = f.value.off + f.value.len;
		enum err e = http_form_decode(value, sizeof(value), &n, data + f.value.off, f.value.len);
		must(e == ERR_OK ? n <= f.value.len : n == 0);
	}
	(void)http_form_find(value, sizeof(value), &n, data, size, "password");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct http h;
	size_t at = 0;
	enum err e = http_parse(&h, data, size, &at);

	must(at <= size);
	must(e != ERR_OK || h.body_off <= size);
	must(e == ERR_OK || h.body_off == 0);
	if (e == ERR_OK || e == ERR_TRUNCATED)
		CHECK_SUMMARY(http_summary(&h, data, size, &out));
	http_describe(&h, data, size, 0, &t);
	check_form(data, size);
	end_trace(&t);
	return 0;
}
