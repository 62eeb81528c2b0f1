/* What the page needs of a lab's facts, and no more. */
#include "page_lab.h"

#include <string.h>

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void put_link(const json_t *interface, bool *first, struct page_text *out)
{
	const char *lan = text_of(interface, "lan"), *peer = text_of(json_object_get(interface, "peer"), "host");

	if (!*lan && !*peer)
		return;
	page_puts(out, *first ? "[" : ",[");
	*first = false;
	page_put_string(out, *lan ? lan : peer);
	page_puts(out, *lan ? ",1]" : ",0]");
}

/* Without the length of the prefix. */
static void put_addresses(const json_t *interface, bool *first, struct page_text *out)
{
	json_t *all = json_object_get(interface, "addresses"), *a;
	size_t i;

	json_array_foreach(all, i, a)
	{
		const char *s = json_string_value(a);
		char ip[64];
		if (!s)
			continue;
		snprintf(ip, sizeof(ip), "%.*s", (int)strcspn(s, "/"), s);
		if (!*first)
			page_puts(out, ",");
		*first = false;
		page_put_string(out, ip);
	}
}

static void put_host(const json_t *host, struct page_text *out)
{
	json_t *interfaces = json_object_get(host, "interfaces"), *f;
	bool first = true;
	size_t i;

	page_puts(out, "[");
	page_put_string(out, text_of(host, "name"));
	page_puts(out, ",");
	page_put_string(out, text_of(host, "title"));
	page_puts(out, json_is_true(json_object_get(host, "forwards")) ? ",1,[" : ",0,[");
	json_array_foreach(interfaces, i, f) put_link(f, &first, out);
	page_puts(out, "],[");
	first = true;
	json_array_foreach(interfaces, i, f) put_addresses(f, &first, out);
	page_puts(out, "]]");
}

void page_lab_put(const json_t *facts, struct page_text *out)
{
	json_t *hosts = json_object_get(facts, "hosts"), *lans = json_object_get(facts, "lans"), *o;
	size_t i;

	if (!json_is_array(hosts) || !json_is_array(lans))
		return;
	page_puts(out, "{\"hosts\":[");
	json_array_foreach(hosts, i, o)
	{
		page_puts(out, i ? ",\n" : "\n");
		put_host(o, out);
	}
	page_puts(out, "],\"lans\":[");
	json_array_foreach(lans, i, o)
	{
		page_puts(out, i ? ",[" : "[");
		page_put_string(out, text_of(o, "name"));
		page_puts(out, ",");
		page_put_string(out, text_of(o, "title"));
		page_puts(out, "]");
	}
	page_puts(out, "]}");
}
