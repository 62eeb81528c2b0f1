/* A capture: where its packets come from is behind capture_ops; here is what all sources share. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

enum err capture_new(struct capture **out, const struct capture_ops *ops, const char *filter, char msg[static 256])
{
	struct capture *c = calloc(1, sizeof *c);
	*out = NULL;
	if (!c) {
		snprintf(msg, 256, "%s", err_text(ERR_NOMEM));
		return ERR_NOMEM;
	}
	c->ops = ops;
	enum err e = filter_init(&c->filter, filter, msg);
	if (e) {
		capture_close(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	if (c->source)
		c->ops->close(c);
	filter_release(&c->filter);
	for (size_t i = 0; i < c->n_vantages; i++)
		free(c->vantages[i]);
	free(c->vantages);
	free(c->names);
	free(c->keys);
	free(c);
}

enum err capture_add_vantage(struct capture *c, const char *host, const char *ifname, int linktype)
{
	if (c->n_vantages == CAPTURE_MAX_VANTAGES)
		return ERR_TOO_LONG;
	if (c->n_vantages == c->cap_vantages) {
		size_t cap = c->cap_vantages ? 2 * c->cap_vantages : 16;
		struct vantage **grown = realloc(c->vantages, cap * sizeof(struct vantage *));
		if (!grown)
			return ERR_NOMEM;
		c->vantages = grown;
		c->cap_vantages = cap;
	}
	struct vantage *v = calloc(1, sizeof *v);
	if (!v)
		return ERR_NOMEM;
	snprintf(v->host, sizeof v->host, "%s", host);
	snprintf(v->ifname, sizeof v->ifname, "%s", ifname);
	v->linktype = linktype;
	c->vantages[c->n_vantages++] = v;
	return ERR_OK;
}

size_t capture_n_vantages(const struct capture *c)
{
	return c->n_vantages;
}

const struct vantage *capture_vantage(const struct capture *c, size_t i)
{
	return i < c->n_vantages ? c->vantages[i] : NULL;
}

bool capture_has_address(const struct capture *c, const char *host, size_t len, const struct ip *addr)
{
	for (size_t i = 0; i < c->n_names; i++)
		if (ip_equal(&c->names[i].addr, addr) && strlen(c->names[i].host) == len &&
		    memcmp(c->names[i].host, host, len) == 0)
			return true;
	return false;
}

void capture_add_name(struct capture *c, const struct ip *addr, const char *host, size_t len)
{
	if (len == 0 || len >= LAB_HOST_MAX || c->n_names == CAPTURE_MAX_NAMES ||
	    capture_has_address(c, host, len, addr))
		return;
	if (c->n_names == c->cap_names) {
		size_t cap = c->cap_names ? 2 * c->cap_names : 32;
		struct named_addr *grown = realloc(c->names, cap * sizeof *grown);
		if (!grown)
			return;
		c->names = grown;
		c->cap_names = cap;
	}
	struct named_addr *n = &c->names[c->n_names++];
	n->addr = *addr;
	memcpy(n->host, host, len);
	n->host[len] = '\0';
}

const char *capture_name(const struct capture *c, const struct ip *addr)
{
	for (size_t i = 0; i < c->n_names && !c->numeric; i++)
		if (ip_equal(&c->names[i].addr, addr))
			return c->names[i].host;
	return NULL;
}

const char *capture_keys(const struct capture *c, size_t *len)
{
	*len = c->n_keys;
	return c->keys;
}

bool capture_has_names(const struct capture *c)
{
	return c->n_names > 0 && !c->numeric;
}

void capture_hide_names(struct capture *c)
{
	c->numeric = true;
}

enum err capture_next(struct capture *c, struct capture_packet *out, int64_t timeout_ns, int stop_fd)
{
	*out = (struct capture_packet){0};
	return c->ops->next(c, out, timeout_ns, stop_fd);
}

const char *capture_error(const struct capture *c)
{
	return c->error;
}

uint64_t capture_dropped(const struct capture *c)
{
	return c->ops->dropped ? c->ops->dropped(c) : 0;
}

void capture_set_error(struct capture *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(c->error, sizeof c->error, fmt, ap);
	va_end(ap);
}
