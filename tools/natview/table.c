/* table: this machine's own table of conversations, as a router has it. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack.h"
#include "natview.h"

struct listing {
	struct trace *t;
	json_t *entries;
	size_t translated;
};

static void on_entry(void *ctx, enum ct_change change, const struct ct_entry *e)
{
	struct listing *l = ctx;
	char key[CT_TEXT], value[CT_TEXT];
	bool translated = ct_source_changed(e) || ct_destination_changed(e);
	(void)change;
	l->translated += translated;
	ev_decision(l->t, "entry", "RFC 3022 2.2", "%s: %s", ct_key(key, e), ct_value(value, e));
	json_array_append_new(
	    l->entries, json_pack("{s:s,s:s,s:b}", "flow", key, "state", value, "translated", translated));
}

static void conclude(const struct listing *l)
{
	size_t n = json_array_size(l->entries);
	json_t *o = json_pack("{s:O}", "table", l->entries);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	ev_result(l->t, ERR_OK, text, "%zu conversation%s in the table, %zu of them translated", n, n == 1 ? "" : "s",
	    l->translated);
	free(text);
	json_decref(o);
}

int verb_table(struct cli *c)
{
	struct trace t;
	struct conntrack ct = {0};
	char me[NAME_TEXT];
	enum err e = cli_trace_open(c, &t, &clock_real, own_name(me));
	if (e == ERR_OK) {
		struct listing l = {.t = &t, .entries = json_array()};
		ev_explain(&t, "A router that translates remembers each conversation: who began it, and as whom it "
		               "goes on outside. An "
		               "answer that fits no entry has no way in.");
		e = l.entries ? conntrack_open(&ct) : ERR_NOMEM;
		if (e == ERR_OK)
			e = conntrack_list(&ct, on_entry, &l);
		if (e == ERR_OK)
			conclude(&l);
		else
			cli_fail(c, e, "the table can't be read: %s", e == ERR_NOMEM ? err_text(e) : strerror(errno));
		conntrack_close(&ct);
		json_decref(l.entries);
	}
	return cli_trace_close(c, &t, (int)err_exit(e));
}
