/* What a scene asks of the lab's facts, and how it changes them. */
#include <string.h>

#include "demo.h"

json_t *demo_host_facts(const struct demo *d, const char *host)
{
	json_t *hosts = json_object_get(lab_facts(d->lab), "hosts"), *h;
	size_t i;

	json_array_foreach(hosts, i, h)
	{
		const char *name = json_string_value(json_object_get(h, "name"));
		if (name && strcmp(name, host) == 0)
			return h;
	}
	return NULL;
}

bool demo_has_address(const struct demo *d, const char *host, const char *addr)
{
	json_t *interfaces = json_object_get(demo_host_facts(d, host), "interfaces"), *i, *a;
	size_t n, k;

	json_array_foreach(interfaces, n, i)
	{
		json_array_foreach(json_object_get(i, "addresses"), k, a)
		{
			const char *text = json_string_value(a);
			size_t len = text ? strcspn(text, "/") : 0;
			if (len > 0 && len == strlen(addr) && strncmp(text, addr, len) == 0)
				return true;
		}
	}
	return false;
}

bool demo_move(struct demo *d, const char *host, const char *lan)
{
	const char *const argv[] = {"move", host, lan, NULL};

	ev_decision(&d->trace, "command", NULL, "$ glasslab move %s %s", host, lan);
	if (demo_glasslab(d, argv) != 0)
		return false;
	ev_state(&d->trace, "network", host, NULL, lan, "carried there: another router, and whoever it belongs to");
	return true;
}
