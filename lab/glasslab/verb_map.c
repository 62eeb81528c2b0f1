/* map: the network as a tree, from the router in the middle outwards. From the running lab, with the
 * addresses that its hosts have now; where none runs, from the topology. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"
#include "verbs.h"

#define DEPTH_MAX  16
#define NAME_WIDTH 30 /* columns of the branches and the name */
#define V4_WIDTH   16
#define V6_WIDTH   36
#define V6_FROM    116 /* columns of a terminal that has room for IPv6 addresses */
#define WIDTH      80  /* of a file */

struct map {
	FILE *out;
	json_t *hosts, *lans;
	bool utf8, ipv6;
	size_t width;
	bool drawn[1024];
	char branch[DEPTH_MAX * 8]; /* what stands before a line: octets, three columns a level */
	size_t depth;
};

/* --- facts of a topology ---------------------------------------------------------------------------------
 */

static json_t *iface_of(const struct topology *t, const struct topo_iface *f)
{
	json_t *addresses = json_array();
	for (size_t a = 0; a < f->n_addrs; a++) {
		char ip[IP_TEXT], text[IP_TEXT + 8];
		snprintf(text, sizeof text, "%s/%u", ip_text(ip, &f->addr[a].ip), f->addr[a].prefix);
		json_array_append_new(addresses, json_string(text));
	}
	json_t *o = json_pack("{s:s,s:o}", "name", f->name, "addresses", addresses);
	if (f->lan >= 0)
		json_object_set_new(o, "lan", json_string(t->lan[f->lan].name));
	else
		json_object_set_new(o, "peer", json_pack("{s:s}", "host", t->host[f->peer_host].name));
	return o;
}

json_t *facts_from_topology(const struct topology *t)
{
	json_t *hosts = json_array(), *lans = json_array();
	for (size_t i = 0; i < t->n_hosts; i++) {
		json_t *ifaces = json_array();
		for (size_t k = 0; k < t->host[i].n_ifaces; k++)
			json_array_append_new(ifaces, iface_of(t, &t->host[i].iface[k]));
		json_array_append_new(hosts, json_pack("{s:s,s:s,s:o}", "name", t->host[i].name, "title",
		                                 t->host[i].title, "interfaces", ifaces));
	}
	for (size_t i = 0; i < t->n_lans; i++)
		json_array_append_new(lans, json_pack("{s:s,s:s}", "name", t->lan[i].name, "title", t->lan[i].title));
	return json_pack("{s:o,s:o}", "hosts", hosts, "lans", lans);
}

/* --- looking things up -----------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *o, const char *key)
{
	const char *v = json_string_value(json_object_get(o, key));
	return v ? v : "";
}

static size_t host_number(const struct map *m, const char *name)
{
	size_t i;
	json_t *h;
	json_array_foreach(m->hosts, i, h)
	{
		if (strcmp(text_of(h, "name"), name) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* The host's first address of a family, without the prefix length; "" when it has none. From the interface
 * that leads to the network or host above it, where it has one there: a router shows the side that the tree
 * comes from. */
static void find_addr(const json_t *host, const char *above, bool v6, char *out, size_t cap)
{
	size_t i, k;
	json_t *f, *a;
	*out = '\0';
	json_array_foreach(json_object_get(host, "interfaces"), i, f)
	{
		bool here = strcmp(text_of(f, "lan"), above) == 0 ||
		            strcmp(text_of(json_object_get(f, "peer"), "host"), above) == 0;
		json_array_foreach(json_object_get(f, "addresses"), k, a)
		{
			const char *text = json_string_value(a);
			if (!text || (strchr(text, ':') != NULL) != v6 || (*out && !here))
				continue;
			snprintf(out, cap, "%.*s", (int)strcspn(text, "/"), text);
			if (here)
				return;
		}
	}
}

/* --- drawing ---------------------------------------------------------------------------------------------
 */

static const char *mark(const struct map *m, bool last)
{
	if (!m->utf8)
		return last ? "`- " : "|- ";
	return last ? "└─ " : "├─ ";
}

static void put_line(
    const struct map *m, const char *lead, const char *name, const char *v4, const char *v6, const char *title)
{
	char line[512], safe[256];
	size_t indent = m->depth ? m->depth * 3 : 0;
	int pad = NAME_WIDTH - (int)indent - (int)strlen(name);
	fprintf(m->out, "%s%s%s%*s", m->branch, lead, name, pad > 1 ? pad : 1, "");
	int n = snprintf(line, sizeof line, "%-*s", V4_WIDTH, v4);
	if (m->ipv6)
		n += snprintf(line + n, sizeof line - (size_t)n, "%-*s", V6_WIDTH, v6);
	size_t room = m->width > NAME_WIDTH + (size_t)n ? m->width - NAME_WIDTH - (size_t)n : 10;
	escape_text(safe, room + 1 < sizeof safe ? room + 1 : sizeof safe, title, strlen(title));
	fprintf(m->out, "%s%s\n", line, safe);
}

static void descend(struct map *m, bool last)
{
	strcat(m->branch, last ? "   " : m->utf8 ? "│  " : "|  ");
	m->depth++;
}

static void ascend(struct map *m, size_t length)
{
	m->branch[length] = '\0';
	m->depth--;
}

static void draw_host(struct map *m, size_t i, const char *above, bool last, bool top);

/* A switch, with the address of the router that we come from, and the other hosts plugged into it. */
static void draw_lan(struct map *m, const char *name, const json_t *router, bool last)
{
	size_t i, members[1024], n = 0;
	json_t *h, *lan;
	const char *title = "";
	json_array_foreach(m->lans, i, lan)
	{
		if (strcmp(text_of(lan, "name"), name) == 0)
			title = text_of(lan, "title");
	}
	char label[128], v4[64], v6[64];
	find_addr(router, name, false, v4, sizeof v4);
	find_addr(router, name, true, v6, sizeof v6);
	snprintf(label, sizeof label, "[%s]", name);
	size_t length = strlen(m->branch);
	m->depth++;
	put_line(m, mark(m, last), label, v4, v6, title);
	m->depth--;
	json_array_foreach(m->hosts, i, h)
	{
		size_t k;
		json_t *f;
		json_array_foreach(json_object_get(h, "interfaces"), k, f)
		{
			if (strcmp(text_of(f, "lan"), name) == 0 && !m->drawn[i] && n < 1024)
				members[n++] = i;
		}
	}
	descend(m, last);
	for (i = 0; i < n; i++)
		draw_host(m, members[i], name, i + 1 == n, false);
	ascend(m, length);
}

/* Is there anything behind this interface that is not drawn yet? */
static bool leads_on(const struct map *m, const json_t *f, const char *above)
{
	const char *lan = text_of(f, "lan"), *peer = text_of(json_object_get(f, "peer"), "host");
	if (*lan)
		return strcmp(lan, above) != 0;
	size_t i = host_number(m, peer);
	return i != SIZE_MAX && i < 1024 && !m->drawn[i];
}

static void draw_host(struct map *m, size_t i, const char *above, bool last, bool top)
{
	json_t *h = json_array_get(m->hosts, i), *f, *ifaces = json_object_get(h, "interfaces");
	char v4[64], v6[64];
	size_t k, left = 0, length = strlen(m->branch);
	if (m->drawn[i] || m->depth + 2 > DEPTH_MAX)
		return;
	m->drawn[i] = true;
	find_addr(h, above, false, v4, sizeof v4);
	find_addr(h, above, true, v6, sizeof v6);
	m->depth += !top;
	put_line(m, top ? "" : mark(m, last), text_of(h, "name"), top ? "" : v4, top ? "" : v6, text_of(h, "title"));
	m->depth -= !top;
	if (!top)
		descend(m, last);
	json_array_foreach(ifaces, k, f) left += leads_on(m, f, above);
	json_array_foreach(ifaces, k, f)
	{
		if (!leads_on(m, f, above))
			continue;
		left--;
		if (*text_of(f, "lan"))
			draw_lan(m, text_of(f, "lan"), h, left == 0);
		else
			draw_host(m, host_number(m, text_of(json_object_get(f, "peer"), "host")), text_of(h, "name"),
			    left == 0, false);
	}
	if (!top)
		ascend(m, length);
}

/* The middle is where most cables end. */
static size_t middle(const struct map *m)
{
	size_t best = 0, most = 0, i;
	json_t *h;
	json_array_foreach(m->hosts, i, h)
	{
		size_t n = json_array_size(json_object_get(h, "interfaces"));
		if (n > most) {
			most = n;
			best = i;
		}
	}
	return best;
}

static void draw(struct cli *c, const json_t *facts)
{
	struct term_style style = cli_style(c);
	struct map m = {.out = c->out,
	    .hosts = json_object_get(facts, "hosts"),
	    .lans = json_object_get(facts, "lans"),
	    .utf8 = style.utf8,
	    .width = style.width ? style.width : WIDTH};
	m.ipv6 = cli_has(c, "verbose") || m.width >= V6_FROM;
	if (cli_has(c, "verbose") && m.width < V6_FROM)
		m.width = V6_FROM;
	draw_host(&m, middle(&m), "", true, true);
	for (size_t i = 0; i < json_array_size(m.hosts) && i < 1024; i++)
		if (!m.drawn[i]) /* plugged in nowhere */
			draw_host(&m, i, "", true, true);
}

int verb_map(struct cli *c)
{
	struct lab *lab;
	const char *name = lab_name(c);
	if (!name)
		return EXIT_USAGE;
	if (lab_open(&lab, name) == ERR_OK) {
		draw(c, lab_facts(lab));
		lab_close(lab);
		return EXIT_YES;
	}
	struct places places;
	struct topology t;
	int status = load_topology(c, &places, &t);
	if (status != EXIT_YES)
		return status;
	json_t *facts = facts_from_topology(&t);
	draw(c, facts);
	json_decref(facts);
	topology_release(&t);
	return EXIT_YES;
}
