/* Events as arrays of numbers, the texts in a list of their own:
 *
 *     {"version":1,"title":"…","start":"2026-11-22T…Z","left_out":0,"lab":null,"strings":["…",…],"events":[[kind,…],…]}
 *
 * A text in an event is its place in strings, from 1; 0: there is none. Times are ns since start. After the
 * kind (in the order of enum ev_kind) stand the members of the struct in glassnet/trace.h, in its order;
 * page/model.js reads them. This is between the sink and its page, and no interface: that is the JSON lines.
 */
#include "page_data.h"

#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"
#include "text.h"

/* --- text --- */

void page_put(struct page_text *t, const char *s, size_t len)
{
	if (t->failed)
		return;
	if (t->len + len + 1 > t->cap) {
		size_t cap = (t->len + len + 1) * 2;
		char *more = realloc(t->s, cap);
		if (!more) {
			t->failed = true;
			return;
		}
		t->s = more;
		t->cap = cap;
	}
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void page_puts(struct page_text *t, const char *s)
{
	page_put(t, s, strlen(s));
}

void page_put_number(struct page_text *t, int64_t v)
{
	char digits[24], *p = digits + sizeof(digits);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	page_put(t, p, (size_t)(digits + sizeof(digits) - p));
}

void page_put_string(struct page_text *t, const char *s)
{
	char *safe = escaped(s);

	if (!safe) {
		t->failed = true;
		return;
	}
	page_puts(t, "\"");
	for (const char *p = safe; *p;) {
		size_t plain = strcspn(p, "\"\\<>&");
		page_put(t, p, plain);
		p += plain;
		if (*p == '"' || *p == '\\')
			page_puts(t, *p == '"' ? "\\\"" : "\\\\");
		else if (*p)
			page_puts(t, *p == '<' ? "\\u003c" : *p == '>' ? "\\u003e" : "\\u0026");
		p += *p != '\0';
	}
	page_puts(t, "\"");
	free(safe);
}

/* --- strings --- */

static uint64_t fnv(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	return h;
}

static void place(struct page_strings *st, uint32_t at)
{
	size_t i = fnv(st->text[at - 1]) & (st->slots - 1);

	while (st->slot[i])
		i = (i + 1) & (st->slots - 1);
	st->slot[i] = at;
}

static bool make_room(struct page_strings *st)
{
	if (st->n < st->cap)
		return true;
	size_t cap = st->cap ? st->cap * 2 : 256;
	char **text = reallocarray(st->text, cap, sizeof(*text));
	if (text)
		st->text = text;
	uint32_t *slot = cap < UINT32_MAX / 4 ? calloc(cap * 4, sizeof(*slot)) : NULL;
	if (!text || !slot) {
		free(slot);
		return false;
	}
	free(st->slot);
	st->slot = slot;
	st->slots = cap * 4;
	st->cap = cap;
	for (size_t i = 0; i < st->n; i++)
		place(st, (uint32_t)i + 1);
	return true;
}

uint32_t page_intern(struct page_strings *st, const char *text)
{
	char *copy = NULL;

	if (!text || st->failed)
		return 0;
	if (st->slots)
		for (size_t i = fnv(text) & (st->slots - 1); st->slot[i]; i = (i + 1) & (st->slots - 1))
			if (strcmp(st->text[st->slot[i] - 1], text) == 0)
				return st->slot[i];
	if (!make_room(st) || !(copy = strdup(text))) {
		st->failed = true;
		return 0;
	}
	st->text[st->n++] = copy;
	place(st, (uint32_t)st->n);
	return (uint32_t)st->n;
}

void page_strings_put(const struct page_strings *st, struct page_text *out)
{
	page_puts(out, "[");
	for (size_t i = 0; i < st->n; i++) {
		page_puts(out, i ? ",\n" : "\n");
		page_put_string(out, st->text[i]);
	}
	page_puts(out, "]");
}

void page_strings_release(struct page_strings *st)
{
	for (size_t i = 0; i < st->n; i++)
		free(st->text[i]);
	free(st->text);
	free(st->slot);
	*st = (struct page_strings){0};
}

/* --- events --- */

static void number(struct page_data *p, uint64_t v)
{
	page_puts(&p->events, ",");
	page_put_number(&p->events, v > INT64_MAX ? INT64_MAX : (int64_t)v);
}

static void text(struct page_data *p, const char *s)
{
	number(p, page_intern(&p->strings, s));
}

static void put_bytes(struct page_data *p, const uint8_t *bytes, size_t len)
{
	static const char digit[] = "0123456789abcdef";
	char chunk[512];

	page_puts(&p->events, ",\"");
	for (size_t i = 0; i < len;) {
		size_t n = 0;
		for (; i < len && n < sizeof(chunk); i++) {
			chunk[n++] = digit[bytes[i] >> 4];
			chunk[n++] = digit[bytes[i] & 15];
		}
		page_put(&p->events, chunk, n);
	}
	page_puts(&p->events, "\"");
}

static void put_message(struct page_data *p, const struct ev_message *m)
{
	text(p, m->from);
	text(p, m->to);
	text(p, m->proto);
	text(p, m->label);
	number(p, m->packet);
	number(p, m->secrecy);
	text(p, m->from_addr);
	text(p, m->to_addr);
	number(p, m->len);
	if (m->bytes)
		put_bytes(p, m->bytes, m->len);
	p->messages++;
}

static void put_field(struct page_data *p, const struct ev_field *f)
{
	text(p, f->layer);
	text(p, f->name);
	text(p, f->value);
	text(p, f->meaning);
	text(p, f->ref);
	number(p, f->off);
	number(p, f->len);
	number(p, f->depth);
}

static void put_payload(struct page_data *p, const struct event *ev)
{
	switch (ev->kind) {
	case EV_SEND:
	case EV_RECV:
		put_message(p, &ev->u.msg);
		break;
	case EV_FIELD:
		put_field(p, &ev->u.field);
		break;
	case EV_STATE:
		text(p, ev->u.state.table);
		text(p, ev->u.state.key);
		text(p, ev->u.state.before);
		text(p, ev->u.state.after);
		text(p, ev->u.state.reason);
		break;
	case EV_DECISION:
		text(p, ev->u.decision.id);
		text(p, ev->u.decision.ref);
		text(p, ev->u.decision.text);
		break;
	case EV_CHECK:
		text(p, ev->u.check.id);
		text(p, ev->u.check.what);
		number(p, ev->u.check.verdict);
		text(p, ev->u.check.text);
		text(p, ev->u.check.ref);
		break;
	case EV_TIMER:
		text(p, ev->u.timer.what);
		text(p, ev->u.timer.text);
		break;
	case EV_NOTE:
		number(p, ev->u.note.level);
		text(p, ev->u.note.text);
		break;
	case EV_RESULT:
		text(p, err_name(ev->u.result.err));
		text(p, ev->u.result.text);
		break;
	}
}

static bool failed(const struct page_data *p)
{
	return p->events.failed || p->strings.failed;
}

enum err page_data_add(struct page_data *p, const struct event *ev)
{
	if (p->messages >= PAGE_MAX_MESSAGES || p->events.len > PAGE_MAX_BYTES || p->left_out) {
		p->left_out += ev->kind == EV_SEND || ev->kind == EV_RECV;
		return ERR_OK;
	}
	if (p->n == 0)
		p->start = ev->time;
	page_puts(&p->events, p->n++ ? ",\n[" : "[");
	page_put_number(&p->events, ev->kind);
	if (ev->kind != EV_FIELD) { /* a field has its message's */
		page_puts(&p->events, ",");
		page_put_number(&p->events, ev->time - p->start);
		text(p, ev->actor);
	}
	put_payload(p, ev);
	page_puts(&p->events, "]");
	return failed(p) ? ERR_NOMEM : ERR_OK;
}

enum err page_data_put(const struct page_data *p, const char *title, const char *lab, struct page_text *out)
{
	char start[TIME_TEXT + 8];

	page_puts(out, "{\"version\":1,\"title\":");
	page_put_string(out, title);
	page_puts(out, ",\"start\":");
	page_put_string(out, moment_text(start, p->start));
	page_puts(out, ",\"left_out\":");
	page_put_number(out, (int64_t)p->left_out);
	page_puts(out, ",\"lab\":");
	page_puts(out, lab ? lab : "null");
	page_puts(out, ",\"strings\":");
	page_strings_put(&p->strings, out);
	page_puts(out, ",\"events\":[\n");
	page_put(out, p->events.s ? p->events.s : "", p->events.len);
	page_puts(out, "]}");
	return out->failed || failed(p) ? ERR_NOMEM : ERR_OK;
}

void page_data_release(struct page_data *p)
{
	free(p->events.s);
	page_strings_release(&p->strings);
	*p = (struct page_data){0};
}
