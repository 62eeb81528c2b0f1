#include "topology.h"

#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/addr_kind.h"
#include "topology_read.h"

#define TOPO_MAX_FILE (1U << 20) /* octets */

int topology_host(const struct topology *t, const char *name)
{
	for (size_t i = 0; i < t->n_hosts; i++)
		if (strcmp(t->host[i].name, name) == 0)
			return (int)i;
	return -1;
}

int topology_lan(const struct topology *t, const char *name)
{
	for (size_t i = 0; i < t->n_lans; i++)
		if (strcmp(t->lan[i].name, name) == 0)
			return (int)i;
	return -1;
}

const struct ip *topology_addr(const struct topo_host *h, uint8_t family)
{
	for (size_t i = 0; i < h->n_ifaces; i++)
		for (size_t a = 0; a < h->iface[i].n_addrs; a++)
			if (h->iface[i].addr[a].ip.family == family)
				return &h->iface[i].addr[a].ip;
	return NULL;
}

void topology_release(struct topology *t)
{
	for (size_t p = 0; p < TOPO_MAX_PROGRAMS; p++)
		for (size_t a = 0; a < TOPO_MAX_ARGS; a++)
			free(t->program[p].args[a]);
	free(t->host);
	memset(t, 0, sizeof *t);
}

/* --- what only the whole file can tell -------------------------------------------------------------------
 */

static int iface_towards(const struct topo_host *h, int peer)
{
	for (size_t i = 0; i < h->n_ifaces; i++)
		if (h->iface[i].peer_host == peer)
			return (int)i;
	return -1;
}

/* A cable has two ends, and each names the other's host. */
static enum err join_cables(struct topology *t, const char *file, struct why *w)
{
	for (size_t h = 0; h < t->n_hosts; h++) {
		struct topo_host *host = &t->host[h];
		for (size_t i = 0; i < host->n_ifaces; i++) {
			struct topo_iface *f = &host->iface[i];
			if (f->lan >= 0)
				continue;
			if (f->peer_host == (int)h)
				return why(w, ERR_FORMAT, "%s: interface %s of %s is a cable from the host to itself",
				    file, f->name, host->name);
			if (iface_towards(host, f->peer_host) != (int)i)
				return why(w, ERR_FORMAT, "%s: %s has two cables to %s", file, host->name,
				    t->host[f->peer_host].name);
			f->peer_iface = iface_towards(&t->host[f->peer_host], (int)h);
			if (f->peer_iface < 0)
				return why(w, ERR_FORMAT,
				    "%s: %s has a cable to %s, but %s has no interface with to = \"%s\"", file,
				    host->name, t->host[f->peer_host].name, t->host[f->peer_host].name, host->name);
		}
	}
	return ERR_OK;
}

/* Private addresses mean something within one network only (RFC 1918): two homes may have the same. */
static bool may_share(const struct topo_iface *f, const struct topo_iface *g, const struct ip *a)
{
	return f->lan >= 0 && g->lan >= 0 && f->lan != g->lan && strcmp(addr_kind(a)->name, "private") == 0;
}

/* The first address that interfaces f and g have both; NULL: none. */
static const struct ip *common_address(const struct topo_iface *f, const struct topo_iface *g)
{
	for (size_t a = 0; a < f->n_addrs; a++)
		for (size_t b = 0; b < g->n_addrs; b++)
			if (ip_equal(&f->addr[a].ip, &g->addr[b].ip) && !may_share(f, g, &f->addr[a].ip))
				return &f->addr[a].ip;
	return NULL;
}

static enum err hosts_differ(const struct topo_host *g, const struct topo_host *h, const char *file, struct why *w)
{
	char text[IP_TEXT];
	for (size_t i = 0; i < h->n_ifaces; i++)
		for (size_t j = 0; j < g->n_ifaces; j++) {
			const struct ip *a = common_address(&h->iface[i], &g->iface[j]);
			if (a)
				return why(w, ERR_FORMAT, "%s: %s and %s have the same address %s", file, g->name,
				    h->name, ip_text(text, a));
		}
	return ERR_OK;
}

static enum err no_address_twice(const struct topology *t, const char *file, struct why *w)
{
	enum err e = ERR_OK;
	for (size_t h = 0; h < t->n_hosts; h++)
		for (size_t g = 0; e == ERR_OK && g < h; g++)
			e = hosts_differ(&t->host[g], &t->host[h], file, w);
	return e;
}

static void give_macs(struct topology *t)
{
	for (size_t h = 0; h < t->n_hosts; h++)
		for (size_t i = 0; i < t->host[h].n_ifaces; i++) /* locally administered: bit 2 of the first octet */
			t->host[h].iface[i].mac =
			    (struct mac){{0x02, 'l', 'a', 'b', (uint8_t)(h + 1), (uint8_t)(i + 1)}};
}

static void digest(struct topology *t, const char *text)
{
	unsigned char sum[crypto_generichash_BYTES_MIN];
	crypto_generichash(sum, sizeof sum, (const unsigned char *)text, strlen(text), NULL, 0);
	sodium_bin2hex(t->digest, sizeof t->digest, sum, (sizeof t->digest - 1) / 2);
}

enum err topology_parse(struct topology *out, const char *text, const char *name, struct why *w)
{
	memset(out, 0, sizeof *out);
	config_t cfg;
	config_init(&cfg);
	enum err e;
	/* libconfig would follow @include to any file, devices too. */
	if (strstr(text, "@include"))
		e = why(w, ERR_FORMAT, "%s: @include is not understood here: a topology is one file", name);
	else if (config_read_string(&cfg, text) != CONFIG_TRUE)
		e = why(w, ERR_FORMAT, "%s:%d: %s", name, config_error_line(&cfg), config_error_text(&cfg));
	else
		e = topology_read(out, config_root_setting(&cfg), name, w);
	config_destroy(&cfg);
	if (e == ERR_OK)
		e = join_cables(out, name, w);
	if (e == ERR_OK)
		e = no_address_twice(out, name, w);
	if (e != ERR_OK) {
		topology_release(out);
		return e;
	}
	give_macs(out);
	digest(out, text);
	return ERR_OK;
}

enum err topology_load(struct topology *out, const char *path, struct why *w)
{
	memset(out, 0, sizeof *out);
	FILE *f = fopen(path, "re");
	if (!f)
		return why_errno(w, ERR_IO, "the topology %s cannot be read (--data DIR says where it is)", path);
	char *text = malloc(TOPO_MAX_FILE + 1);
	if (!text) {
		fclose(f);
		return why(w, ERR_NOMEM, "out of memory");
	}
	size_t n = fread(text, 1, TOPO_MAX_FILE + 1, f);
	enum err e = ERR_OK;
	if (ferror(f))
		e = why_errno(w, ERR_IO, "%s cannot be read", path);
	else if (n > TOPO_MAX_FILE)
		e = why(w, ERR_TOO_LONG, "%s: over a megabyte: this is no topology", path);
	else if (memchr(text, '\0', n))
		e = why(w, ERR_FORMAT, "%s: offset %zu: a NUL octet: this is no text file", path,
		    (size_t)((char *)memchr(text, '\0', n) - text));
	fclose(f);
	if (e == ERR_OK) {
		text[n] = '\0';
		e = topology_parse(out, text, path, w);
	}
	free(text);
	return e;
}
