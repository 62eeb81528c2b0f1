#include "record.h"

#include <stdio.h>
#include <string.h>

#include "glassnet/wire.h"

static const struct {
	const char *name, *text;
} outcomes[OUTCOME_COUNT] = {
    [OUTCOME_RELAYED] = {"relayed", "request and reply went through mallory's hands"},
    [OUTCOME_PASSED] = {"passed", "the bytes passed untouched"},
    [OUTCOME_REFUSED] = {"refused", "the victim ended the TLS handshake before it had sent any data"},
    [OUTCOME_NOT_OFFERED] = {"not-offered", "the victim offers nothing that mallory could answer with"},
    [OUTCOME_GONE] = {"gone", "the victim left before it had asked for anything"},
    [OUTCOME_BAD] = {"bad", "what the victim sent is not what this port speaks"},
    [OUTCOME_NO_BANK] = {"no-bank", "the bank could not be reached"},
    [OUTCOME_TIMEOUT] = {"timeout", "the time for one connection ran out"},
    [OUTCOME_STOPPED] = {"stopped", "mallory ended first"},
};

const char *outcome_name(enum outcome o)
{
	return outcomes[o].name;
}

static void copy(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text);
}

void record_fill(struct record *r, const struct leg *victim, const struct leg *bank, const struct exchange *x)
{
	copy(r->server_name, sizeof r->server_name, x->server_name);
	const char *sni = victim->ssl ? SSL_get_servername(victim->ssl, TLSEXT_NAMETYPE_host_name) : NULL;
	if (sni)
		escape_text(r->server_name, sizeof r->server_name, sni, strlen(sni));
	copy(r->seen, sizeof r->seen, victim->seen);
	copy(r->alert, sizeof r->alert, victim->alert);
	copy(r->request, sizeof r->request, x->line);
	copy(r->status, sizeof r->status, x->status);
	if (r->outcome == OUTCOME_NO_BANK)
		copy(r->detail, sizeof r->detail, bank->reason[0] ? bank->reason : err_text(bank->err));
	else if (r->outcome == OUTCOME_REFUSED || r->outcome == OUTCOME_NOT_OFFERED || r->outcome == OUTCOME_BAD)
		copy(r->detail, sizeof r->detail, victim->reason[0] ? victim->reason : err_text(victim->err));
	r->wire_octets = leg_wire_received(victim);
	r->clear_octets = x->blind ? 0 : victim->received;
	r->fields = x->fields;
	r->changed = x->changed.changed;
	r->bank_tls = bank->ssl != NULL;
	r->kept = x->kept;
	r->stripped = x->stripped;
}

static void emit_refused(const struct record *r, struct trace *t, const char *self)
{
	char label[200];
	snprintf(
	    label, sizeof label, "%s%s", r->alert[0] ? "alert: " : "closes the connection without a word", r->alert);
	emit(t, (struct event){.kind = EV_RECV,
	            .u.msg = {.from = r->victim, .to = self, .proto = "TLS", .label = label, .len = r->wire_octets}});
	ev_decision(t, "victim-refused", "RFC 8446 6.2",
	    "connection %u: %s did not accept the certificate. All that mallory has: %zu octets (%s), the "
	    "name %s that "
	    "stood in the clear, and not one octet of what the form would have held",
	    r->id, r->victim, r->wire_octets, r->seen[0] ? r->seen : "no message",
	    r->server_name[0] ? r->server_name : "(none)");
}

static void emit_passed(const struct record *r, struct trace *t)
{
	if (r->downgraded && downgrade_emit(&r->downgrade, t, r->id, r->victim, "the bank"))
		return;
	ev_decision(t, r->downgraded ? "passed" : "passed-untouched", NULL,
	    "connection %u: %zu octets from %s went by; readable in them: the name %s. The rest is encrypted with "
	    "keys that only the two ends have",
	    r->id, r->wire_octets, r->victim, r->server_name[0] ? r->server_name : "(none)");
}

void record_emit(const struct record *r, struct trace *t, const char *self)
{
	switch (r->outcome) {
	case OUTCOME_REFUSED:
		emit_refused(r, t, self);
		break;
	case OUTCOME_PASSED:
		emit_passed(r, t);
		break;
	case OUTCOME_RELAYED:
		ev_decision(t, "relayed", NULL,
		    "connection %u: %s %s over %s, answered %s%s; %zu form fields read, %u account numbers changed",
		    r->id, r->victim, r->request, r->tls ? "https" : "http", r->status,
		    r->bank_tls && !r->tls ? " by the bank over https" : "", r->fields, r->changed);
		break;
	case OUTCOME_NOT_OFFERED:
	case OUTCOME_GONE:
	case OUTCOME_BAD:
	case OUTCOME_NO_BANK:
	case OUTCOME_TIMEOUT:
	case OUTCOME_STOPPED:
		ev_decision(t, outcomes[r->outcome].name, NULL, "connection %u with %s: %s%s%s", r->id, r->victim,
		    outcomes[r->outcome].text, r->detail[0] ? ": " : "", r->detail);
		break;
	case OUTCOME_COUNT:
		break;
	}
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

json_t *record_json(const struct record *r)
{
	const char *to_bank = r->bank_tls ? "https" : r->tls ? NULL : "http"; /* NULL: passed on as it came */
	json_t *stripped = json_pack("{s:b, s:i, s:i, s:i}", "redirect", r->kept, "links", (int)r->stripped.links,
	    "hsts", (int)r->stripped.headers, "cookies", (int)r->stripped.cookies);
	return json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:s?, s:o, s:o*}",
	    "connection", (int)r->id, "scheme", r->tls ? "https" : "http", "victim", r->victim, "outcome",
	    outcome_name(r->outcome), "server_name", text_or_null(r->server_name), "handshake_seen",
	    text_or_null(r->seen), "alert", text_or_null(r->alert), "request", text_or_null(r->request), "status",
	    text_or_null(r->status), "detail", text_or_null(r->detail), "wire_octets", (json_int_t)r->wire_octets,
	    "clear_octets", (json_int_t)r->clear_octets, "fields", (json_int_t)r->fields, "changed", (int)r->changed,
	    "to_bank", to_bank, "stripped", stripped, "downgrade",
	    r->downgraded ? downgrade_json(&r->downgrade) : NULL);
}
