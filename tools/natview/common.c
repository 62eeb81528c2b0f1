/* What several verbs need. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/addr_kind.h"
#include "glassnet/proto/stun.h"
#include "natview.h"

char *own_name(char out[static NAME_TEXT])
{
	if (gethostname(out, NAME_TEXT) != 0 || !*out)
		strcpy(out, "here");
	out[NAME_TEXT - 1] = '\0';
	out[strcspn(out, ".")] = '\0';
	return out;
}

bool nobody_reads(const struct cli *c)
{
	struct pollfd p = {.fd = fileno(c->out)};
	return poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

void tell_message(struct trace *t, enum ev_kind kind, const struct told *m)
{
	char from[ENDPOINT_TEXT], to[ENDPOINT_TEXT];
	emit(t, (struct event){.kind = kind,
	            .u.msg = {.from = m->from,
	                .to = m->to,
	                .proto = m->proto,
	                .label = m->label,
	                .bytes = m->bytes,
	                .len = m->len,
	                .secrecy = SECRECY_CLEAR,
	                .from_addr = m->from_at ? endpoint_text(from, m->from_at) : NULL,
	                .to_addr = m->to_at ? endpoint_text(to, m->to_at) : NULL}});
}

void tell_stun(struct trace *t, enum ev_kind kind, struct told m)
{
	char label[256];
	struct text line = text_init(label, sizeof label);
	struct stun h;
	size_t at;
	if (!trace_on(t))
		return;
	enum err e = stun_parse(&h, m.bytes, m.len, &at);
	if (e == ERR_OK)
		stun_summary(&h, m.bytes, m.len, &line);
	else
		snprintf(label, sizeof label, "no sound STUN message: %s, at octet %zu", err_text(e), at);
	m.proto = "STUN";
	m.label = label;
	tell_message(t, kind, &m);
	if (e == ERR_OK)
		stun_describe(&h, m.bytes, m.len, 0, t);
}

char *kind_text(char out[static KIND_TEXT], const struct ip *a)
{
	char ip[IP_TEXT];
	const struct addr_kind *k = addr_kind(a);
	snprintf(out, KIND_TEXT, "%s (%s, %s)", ip_text(ip, a), k->name, k->ref);
	return out;
}
