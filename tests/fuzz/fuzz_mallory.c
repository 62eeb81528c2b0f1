// needs: tools/mallory
/* What victims and banks may send through mallory: the first octet chooses the mode, the rest is cut in
 * pieces that go in turn to either side. */
#include <stdlib.h>
#include <string.h>

#include "mallory/exchange.h"

static const uint8_t *take(const uint8_t **p, size_t *len, size_t n)
{
	const uint8_t *at = *p;
	*p += n;
	*len -= n;
	return at;
}

static void step(struct exchange *x, bool victim, const uint8_t *bytes, size_t n)
{
	struct buf *in = victim ? exchange_victim_input(x) : exchange_bank_input(x);
	if (!in)
		return;
	if (buf_append(in, bytes, n < buf_room(in) ? n : buf_room(in)))
		abort();
	if (victim)
		exchange_from_victim(x);
	else
		exchange_from_bank(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct loot loot;
	struct strip strip = {.n = 0};
	struct exchange x;
	if (size == 0)
		return 0;
	uint8_t mode = *take(&data, &size, 1);
	loot_init(&loot);
	exchange_init(&x, NULL, &loot, &(struct exchange_names){"laptop", "mallory", "bank.example", "http"}, 1,
	    mode & 1, mode & 2);
	x.weaken = mode & 1 && mode & 32;
	x.strip = mode & 16 && !(mode & 1) ? &strip : NULL;
	if (mode & 4) { /* begin at the reply */
		static const char get[] = "GET / HTTP/1.1\r\n\r\n";
		step(&x, true, (const uint8_t *)get, sizeof get - 1);
	}
	while (size > 1) {
		uint8_t what = *take(&data, &size, 1);
		size_t n = what >> 1;
		n = n < size ? n : size;
		if (what == 254)
			n = size;
		step(&x, what & 1, take(&data, &size, n), n);
		struct buf *out = exchange_bank_output(&x);
		if (out && (what & 2))
			buf_consume(out, out->len);
		x.again = false;
	}
	if (mode & 8)
		exchange_bank_failed(&x, ERR_REFUSED, "refused");
	exchange_victim_end(&x);
	exchange_bank_end(&x);
	if (x.state != EXCHANGE_DONE)
		abort();
	exchange_release(&x);
	loot_release(&loot);
	return 0;
}
