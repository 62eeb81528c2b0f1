// needs: tools/sshview
/* known_hosts: every octet belongs to exactly one line, and any verdict rests on a line that is there. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sshview/known_hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ed25519[51] = {
	    0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9', 0, 0, 0, 32, 1};
	struct kh_reader r;
	struct kh_line l;
	struct kh_set set = {0};
	struct sshkey key;
	const struct kh_entry *found;
	size_t sum = 0, at;
	char *text = malloc(size ? size : 1);

	if (sodium_init() < 0 || !text || sshkey_parse(&key, ed25519, sizeof(ed25519), &at) != ERR_OK)
		abort();
	memcpy(text, data, size);
	r = kh_read(text, size);
	while (kh_next(&r, &l)) {
		sum += l.whole;
		if (l.len > l.whole || (l.kind == KH_INVALID && !l.why))
			abort();
		(void)kh_line_fits(&l, "[server.example]:2222");
	}
	if (sum != size)
		abort();
	if (kh_set_add(&set, "f", text, size, "server.example") != ERR_OK)
		abort();
	enum kh_verdict v = kh_check(&set, &key, &found);
	if ((v == KH_NEW) != (found == NULL) || (found && (found->line == 0 || found->line > r.number)))
		abort();
	kh_set_release(&set);
	sshkey_release(&key);
	free(text);
	return 0;
}
