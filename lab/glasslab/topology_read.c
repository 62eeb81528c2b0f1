#include "topology_read.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct topology *t;
	const char *file;
	struct why *w;
};

/* "FILE:LINE: what is wrong". */
static enum err bad(const struct reader *r, const config_setting_t *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
static enum err bad(const struct reader *r, const config_setting_t *at, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	unsigned line = config_setting_source_line(at); /* 0: the whole file */
	return why(r->w, ERR_FORMAT, "%s:%u: %s", r->file, line ? line : 1, text);
}

/* --- small readers -------------------------------------------------------------------------------------- */

/* A misspelt key would otherwise be silently without effect. known ends with NULL. */
static enum err only_known(const struct reader *r, config_setting_t *group, const char *const *known)
{
	if (!config_setting_is_group(group))
		return bad(r, group, "a group { ... } is expected here");
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		size_t k = 0;
		while (known[k] && strcmp(known[k], config_setting_name(s)) != 0)
			k++;
		if (!known[k])
			return bad(r, s, "\"%s\" is not known here", config_setting_name(s));
	}
	return ERR_OK;
}

static enum err copy_text(const struct reader *r, config_setting_t *s, const char *what, char *out, size_t cap)
{
	const char *v = config_setting_get_string(s);
	if (!v)
		return bad(r, s, "%s must be text in quotes", what);
	if (!*v)
		return bad(r, s, "%s is empty", what);
	if (strlen(v) >= cap)
		return bad(r, s, "%s is longer than %zu characters", what, cap - 1);
	for (const char *p = v; *p; p++)
		if (iscntrl((unsigned char)*p))
			return bad(r, s, "%s has a control character in it", what);
	memcpy(out, v, strlen(v) + 1);
	return ERR_OK;
}

static enum err text_of(
    const struct reader *r, config_setting_t *group, const char *key, bool needed, char *out, size_t cap)
{
	config_setting_t *s = config_setting_get_member(group, key);
	if (s)
		return copy_text(r, s, key, out, cap);
	return needed ? bad(r, group, "\"%s\" is missing", key) : ERR_OK;
}

/* Names become parts of paths and of messages: letters, digits, '-' and '.', and no '.' first. */
static enum err name_of(const struct reader *r, config_setting_t *group, char *out, size_t cap)
{
	enum err e = text_of(r, group, "name", true, out, cap);
	if (e != ERR_OK)
		return e;
	for (const char *p = out; *p; p++)
		if (!isalnum((unsigned char)*p) && !(p > out && strchr("-._", *p)))
			return bad(r, group, "the name \"%s\" may have only letters, digits, '-', '_' and '.'", out);
	return ERR_OK;
}

static enum err flag_of(const struct reader *r, config_setting_t *group, const char *key, bool *out)
{
	config_setting_t *s = config_setting_get_member(group, key);
	if (!s)
		return ERR_OK;
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return bad(r, s, "%s must be true or false", key);
	*out = config_setting_get_bool(s) != 0;
	return ERR_OK;
}

/* The list or array called key, NULL when it is not there (or, then *e is set, no list or longer than max).
 */
static config_setting_t *list_of(
    const struct reader *r, config_setting_t *group, const char *key, size_t max, enum err *e)
{
	config_setting_t *s = config_setting_get_member(group, key);
	if (!s)
		return NULL;
	if (!config_setting_is_list(s) && !config_setting_is_array(s))
		*e = bad(r, s, "%s must be a list ( ... ) or an array [ ... ]", key);
	else if (config_setting_length(s) > (int)max)
		*e = bad(r, s, "%s has %d entries, more than %zu", key, config_setting_length(s), max);
	return *e == ERR_OK ? s : NULL;
}

static enum err ip_of(const struct reader *r, config_setting_t *s, struct ip *out)
{
	const char *v = config_setting_get_string(s);
	if (!v || ip_parse(out, v) != ERR_OK)
		return bad(r, s, "%s is no IP address", v ? v : "this");
	return ERR_OK;
}

/* "ADDRESS/BITS" */
static enum err prefix_of(const struct reader *r, config_setting_t *s, struct topo_addr *out)
{
	const char *v = config_setting_get_string(s);
	const char *slash = v ? strchr(v, '/') : NULL;
	char addr[IP_TEXT];
	if (!slash || (size_t)(slash - v) >= sizeof addr)
		return bad(r, s, "%s is not ADDRESS/BITS", v ? v : "this");
	memcpy(addr, v, (size_t)(slash - v));
	addr[slash - v] = '\0';
	if (ip_parse(&out->ip, addr) != ERR_OK)
		return bad(r, s, "%s is no IP address", addr);
	char *end;
	long bits = isdigit((unsigned char)slash[1]) ? strtol(slash + 1, &end, 10) : -1;
	if (bits < 0 || *end || bits > (out->ip.family == 4 ? 32 : 128))
		return bad(r, s, "%s: the prefix length after / is wrong", v);
	out->prefix = (uint8_t)bits;
	return ERR_OK;
}

/* --- programs and switches --- */

static int program_number(const struct topology *t, const char *name)
{
	for (size_t i = 0; i < t->n_programs; i++)
		if (strcmp(t->program[i].name, name) == 0)
			return (int)i;
	return -1;
}

static enum err read_ready(const struct reader *r, config_setting_t *g, struct topo_program *p)
{
	static const char *const words[] = {[READY_AT_ONCE] = "at-once",
	    [READY_EXITED] = "exited",
	    [READY_DNS] = "dns",
	    [READY_TCP] = "tcp",
	    [READY_UDP] = "udp",
	    [READY_LEASE] = "lease"};
	char text[TOPO_NAME] = "at-once";
	enum err e = text_of(r, g, "ready", false, text, sizeof text);
	if (e != ERR_OK)
		return e;
	size_t i = 0;
	while (i < sizeof words / sizeof *words && strcmp(words[i], text) != 0)
		i++;
	if (i == sizeof words / sizeof *words)
		return bad(r, g, "ready = \"%s\" is none of at-once, exited, dns, tcp, udp, lease", text);
	p->ready = (enum topo_ready)i;
	config_setting_t *port = config_setting_get_member(g, "port");
	int n = port ? config_setting_get_int(port) : 0;
	if (port && (n < 1 || n > 65535))
		return bad(r, port, "port must be a number from 1 to 65535");
	if (!port && (p->ready == READY_DNS || p->ready == READY_TCP || p->ready == READY_UDP))
		return bad(r, g, "ready = \"%s\" needs a port", text);
	p->port = (uint16_t)n;
	return ERR_OK;
}

static enum err read_program(const struct reader *r, config_setting_t *g)
{
	static const char *const known[] = {"name", "title", "run", "ready", "port", "after", NULL};
	struct topo_program *p = &r->t->program[r->t->n_programs];
	enum err e = only_known(r, g, known);
	if (e == ERR_OK)
		e = name_of(r, g, p->name, sizeof p->name);
	if (e == ERR_OK)
		e = text_of(r, g, "title", true, p->title, sizeof p->title);
	if (e == ERR_OK)
		e = read_ready(r, g, p);
	if (e != ERR_OK)
		return e;
	if (program_number(r->t, p->name) >= 0)
		return bad(r, g, "there are two programs \"%s\"", p->name);
	p->after = -1;
	char after[TOPO_NAME] = "";
	if ((e = text_of(r, g, "after", false, after, sizeof after)) != ERR_OK)
		return e;
	if (*after && (p->after = program_number(r->t, after)) < 0)
		return bad(r, g, "after = \"%s\": no program above has that name", after);
	config_setting_t *run = list_of(r, g, "run", TOPO_MAX_ARGS, &e);
	if (!run || config_setting_length(run) == 0)
		return e != ERR_OK ? e : bad(r, g, "run, the command, is missing");
	r->t->n_programs++; /* from here on topology_release frees the arguments */
	for (; p->n_args < (size_t)config_setting_length(run); p->n_args++) {
		const char *arg = config_setting_get_string_elem(run, (int)p->n_args);
		if (!arg)
			return bad(r, run, "run has something in it that is no text");
		if (!(p->args[p->n_args] = strdup(arg)))
			return why(r->w, ERR_NOMEM, "out of memory");
	}
	return ERR_OK;
}

static enum err read_lan(const struct reader *r, config_setting_t *g)
{
	static const char *const known[] = {"name", "title", NULL};
	struct topo_lan *l = &r->t->lan[r->t->n_lans];
	enum err e = only_known(r, g, known);
	if (e == ERR_OK)
		e = name_of(r, g, l->name, sizeof l->name);
	if (e == ERR_OK)
		e = text_of(r, g, "title", true, l->title, sizeof l->title);
	if (e == ERR_OK && topology_lan(r->t, l->name) >= 0)
		e = bad(r, g, "there are two lans \"%s\"", l->name);
	if (e == ERR_OK)
		r->t->n_lans++;
	return e;
}

/* --- hosts --- */

static enum err read_iface(const struct reader *r, config_setting_t *g, struct topo_host *h)
{
	static const char *const known[] = {"name", "to", "lan", "addresses", "dhcp", NULL};
	struct topo_iface *f = &h->iface[h->n_ifaces];
	char to[LAB_HOST_MAX] = "", lan[TOPO_NAME] = "";
	enum err e = only_known(r, g, known);
	if (e == ERR_OK)
		e = name_of(r, g, f->name, sizeof f->name);
	if (e == ERR_OK)
		e = text_of(r, g, "to", false, to, sizeof to);
	if (e == ERR_OK)
		e = text_of(r, g, "lan", false, lan, sizeof lan);
	if (e == ERR_OK)
		e = flag_of(r, g, "dhcp", &f->dhcp);
	if (e != ERR_OK)
		return e;
	if (!*to == !*lan)
		return bad(r, g, "interface %s needs one of \"to\" (a cable) and \"lan\" (a switch)", f->name);
	for (size_t i = 0; i < h->n_ifaces; i++)
		if (strcmp(h->iface[i].name, f->name) == 0)
			return bad(r, g, "%s has two interfaces \"%s\"", h->name, f->name);
	f->lan = *lan ? topology_lan(r->t, lan) : -1;
	f->peer_host = *to ? topology_host(r->t, to) : -1;
	if (*lan && f->lan < 0)
		return bad(r, g, "no lan is called \"%s\"", lan);
	if (*to && f->peer_host < 0)
		return bad(r, g, "no host is called \"%s\"", to);
	config_setting_t *list = list_of(r, g, "addresses", TOPO_MAX_ADDRS, &e);
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++)
		e = prefix_of(r, config_setting_get_elem(list, (unsigned)i), &f->addr[f->n_addrs++]);
	if (e == ERR_OK)
		h->n_ifaces++;
	return e;
}

static enum err add_route(const struct reader *r, config_setting_t *at, struct topo_host *h, struct topo_route route)
{
	if (h->n_routes == TOPO_MAX_ROUTES)
		return bad(r, at, "%s has more than %d routes", h->name, TOPO_MAX_ROUTES);
	if (route.to.ip.family != route.via.family)
		return bad(r, at, "a route and its gateway must be of one address family");
	h->route[h->n_routes++] = route;
	return ERR_OK;
}

static enum err read_routes(const struct reader *r, config_setting_t *g, struct topo_host *h)
{
	static const char *const known[] = {"to", "via", NULL};
	enum err e = ERR_OK;
	config_setting_t *list = list_of(r, g, "gateways", 2, &e);
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++) {
		config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
		struct topo_route route = {0};
		if ((e = ip_of(r, s, &route.via)) == ERR_OK) {
			route.to.ip.family = route.via.family;
			e = add_route(r, s, h, route);
		}
	}
	list = e == ERR_OK ? list_of(r, g, "routes", TOPO_MAX_ROUTES, &e) : NULL;
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++) {
		config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
		struct topo_route route = {0};
		if ((e = only_known(r, s, known)) != ERR_OK)
			break;
		config_setting_t *to = config_setting_get_member(s, "to"), *via = config_setting_get_member(s, "via");
		if (!to || !via)
			return bad(r, s, "a route needs \"to\" and \"via\"");
		if ((e = prefix_of(r, to, &route.to)) == ERR_OK && (e = ip_of(r, via, &route.via)) == ERR_OK)
			e = add_route(r, s, h, route);
	}
	return e;
}

static enum err read_services(const struct reader *r, config_setting_t *g, struct topo_host *h)
{
	enum err e = ERR_OK;
	config_setting_t *list = list_of(r, g, "services", TOPO_MAX_SERVICES, &e);
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++) {
		config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
		char name[TOPO_NAME];
		if ((e = copy_text(r, s, "the service", name, sizeof name)) != ERR_OK)
			break;
		int p = program_number(r->t, name);
		if (p < 0)
			return bad(r, s, "no program is called \"%s\"", name);
		h->service[h->n_services++] = p;
	}
	list = e == ERR_OK ? list_of(r, g, "zones", TOPO_MAX_ZONES, &e) : NULL;
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++, h->n_zones++)
		e = copy_text(r, config_setting_get_elem(list, (unsigned)i), "the zone", h->zone[h->n_zones],
		    sizeof h->zone[0]);
	return e;
}

static enum err read_cert(const struct reader *r, config_setting_t *g, struct topo_host *h)
{
	static const char *const known[] = {"name", "names", "expired", "revoked", NULL};
	struct topo_cert *c = &h->cert[h->n_certs];
	enum err e = only_known(r, g, known);
	if (e == ERR_OK)
		e = name_of(r, g, c->name, sizeof c->name);
	config_setting_t *list = e == ERR_OK ? list_of(r, g, "names", TOPO_MAX_NAMES, &e) : NULL;
	if (e == ERR_OK && (!list || config_setting_length(list) == 0))
		return bad(r, g, "a certificate needs names = [ \"host.example\" ]");
	for (int i = 0; e == ERR_OK && i < config_setting_length(list); i++, c->n_names++)
		e = copy_text(
		    r, config_setting_get_elem(list, (unsigned)i), "the name", c->dns[c->n_names], sizeof c->dns[0]);
	if (e == ERR_OK)
		e = flag_of(r, g, "expired", &c->expired);
	if (e == ERR_OK)
		e = flag_of(r, g, "revoked", &c->revoked);
	if (e == ERR_OK)
		h->n_certs++;
	return e;
}

/* First the names of all hosts, so that a cable may lead to a host further down. */
static enum err name_host(const struct reader *r, config_setting_t *g)
{
	static const char *const known[] = {"name", "title", "forward", "ca", "interfaces", "gateways", "routes",
	    "services", "zones", "certificates", NULL};
	struct topo_host *h = &r->t->host[r->t->n_hosts];
	enum err e = only_known(r, g, known);
	if (e == ERR_OK)
		e = name_of(r, g, h->name, sizeof h->name);
	if (e == ERR_OK)
		e = text_of(r, g, "title", true, h->title, sizeof h->title);
	if (e == ERR_OK && topology_host(r->t, h->name) >= 0)
		e = bad(r, g, "there are two hosts \"%s\"", h->name);
	if (e == ERR_OK)
		r->t->n_hosts++;
	return e;
}

static enum err read_host(const struct reader *r, config_setting_t *g, struct topo_host *h)
{
	enum err e = flag_of(r, g, "forward", &h->forward);
	if (e == ERR_OK)
		e = flag_of(r, g, "ca", &h->ca);
	config_setting_t *list = e == ERR_OK ? list_of(r, g, "interfaces", TOPO_MAX_IFACES, &e) : NULL;
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++)
		e = read_iface(r, config_setting_get_elem(list, (unsigned)i), h);
	if (e == ERR_OK)
		e = read_routes(r, g, h);
	if (e == ERR_OK)
		e = read_services(r, g, h);
	list = e == ERR_OK ? list_of(r, g, "certificates", TOPO_MAX_CERTS, &e) : NULL;
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++)
		e = read_cert(r, config_setting_get_elem(list, (unsigned)i), h);
	return e;
}

static enum err read_hosts(const struct reader *r, config_setting_t *root)
{
	enum err e = ERR_OK;
	config_setting_t *list = list_of(r, root, "hosts", TOPO_MAX_HOSTS, &e);
	if (!list || config_setting_length(list) == 0)
		return e != ERR_OK ? e : bad(r, root, "there are no hosts");
	size_t n = (size_t)config_setting_length(list);
	if (!(r->t->host = calloc(n, sizeof *r->t->host)))
		return why(r->w, ERR_NOMEM, "out of memory");
	for (unsigned i = 0; e == ERR_OK && i < n; i++)
		e = name_host(r, config_setting_get_elem(list, i));
	for (unsigned i = 0; e == ERR_OK && i < n; i++)
		e = read_host(r, config_setting_get_elem(list, i), &r->t->host[i]);
	return e;
}

enum err topology_read(struct topology *out, config_setting_t *root, const char *file, struct why *w)
{
	static const char *const known[] = {"format", "resolver", "programs", "lans", "hosts", NULL};
	struct reader r = {out, file, w};
	enum err e = only_known(&r, root, known);
	if (e != ERR_OK)
		return e;
	int format = 0;
	if (config_setting_lookup_int(root, "format", &format) != CONFIG_TRUE || format != 1)
		return bad(&r, root, "\"format = 1;\" is missing: this is no topology that this program knows");
	config_setting_t *list = list_of(&r, root, "resolver", 2, &e);
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++)
		e = ip_of(&r, config_setting_get_elem(list, (unsigned)i), &out->resolver[i]);
	list = e == ERR_OK ? list_of(&r, root, "programs", TOPO_MAX_PROGRAMS, &e) : NULL;
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++)
		e = read_program(&r, config_setting_get_elem(list, (unsigned)i));
	list = e == ERR_OK ? list_of(&r, root, "lans", TOPO_MAX_LANS, &e) : NULL;
	for (int i = 0; e == ERR_OK && list && i < config_setting_length(list); i++)
		e = read_lan(&r, config_setting_get_elem(list, (unsigned)i));
	return e == ERR_OK ? read_hosts(&r, root) : e;
}
