/* Short forms for the describe functions. */
#include "fields.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "glassnet/proto/text.h"
#include "glassnet/wire.h"

#define VALUE_MAX 1024

bool next_option(const uint8_t *p, size_t end, size_t *at, size_t *len, bool *bad)
{
	if (*len > 0 && p[*at] == 0)
		return false;
	*at += *len;
	if (*at >= end)
		return false;
	*len = p[*at] <= 1 ? 1 : *at + 1 < end ? p[*at + 1] : 0;
	*bad = (p[*at] > 1 && *len < 2) || *len > end - *at;
	return !*bad;
}

struct fields fields_deeper(const struct fields *f)
{
	struct fields d = *f;

	d.depth++;
	return d;
}

void field_text(const struct fields *f, size_t off, size_t len, const char *name, const char *value,
    const char *meaning, const char *ref)
{
	ev_field(f->trace, (struct ev_field){.layer = f->layer,
	                       .name = name,
	                       .value = value,
	                       .meaning = meaning,
	                       .ref = ref,
	                       .off = f->base + off,
	                       .len = len,
	                       .depth = f->depth});
}

void field_fmt(const struct fields *f, size_t off, size_t len, const char *name, const char *meaning, const char *ref,
    const char *fmt, ...)
{
	char value[VALUE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	field_text(f, off, len, name, value, meaning, ref);
}

void field_num(const struct fields *f, size_t off, size_t len, const char *name, uint64_t value, const char *meaning,
    const char *ref)
{
	field_fmt(f, off, len, name, meaning, ref, "%" PRIu64, value);
}

void field_ip(
    const struct fields *f, size_t off, const char *name, const struct ip *ip, const char *meaning, const char *ref)
{
	char value[IP_TEXT];

	field_text(f, off, ip->family == 4 ? 4 : 16, name, ip_text(value, ip), meaning, ref);
}

void field_hex(const struct fields *f, size_t off, size_t len, const char *name, const char *meaning, const char *ref)
{
	char value[128];

	field_text(f, off, len, name, hex_text(value, sizeof(value), f->p + off, len), meaning, ref);
}

void field_peer(
    const struct fields *f, size_t off, size_t len, const char *name, const char *meaning, const char *ref)
{
	char value[VALUE_MAX];
	struct text t = text_init(value, sizeof(value));

	text_peer(&t, f->p + off, len);
	field_text(f, off, len, name, value, meaning, ref);
}

void field_flag(
    const struct fields *f, size_t off, size_t len, const char *name, bool set, const char *meaning, const char *ref)
{
	field_text(f, off, len, name, set ? "set" : "not set", set ? meaning : NULL, ref);
}
