/* The lab as JSON, as it is now: addresses and gateways are asked of the kernel, states of the servers. */
#include <stdio.h>
#include <string.h>

#include "holder.h"

#define FACTS_SCHEMA  "glassnet-lab"
#define FACTS_VERSION 1

static json_t *addr_array(const struct netlink_addr *list, size_t n, unsigned index)
{
	json_t *out = json_array();
	for (size_t i = 0; i < n; i++) {
		char text[IP_TEXT + 8], ip[IP_TEXT];
		if (list[i].index != index || list[i].link_local)
			continue;
		snprintf(text, sizeof text, "%s/%u", ip_text(ip, &list[i].addr.ip), list[i].addr.prefix);
		json_array_append_new(out, json_string(text));
	}
	return out;
}

static json_t *iface_facts(struct holder *h, size_t host, size_t k, const struct netlink_addr *list, size_t n)
{
	const struct topo_iface *f = &h->t.host[host].iface[k];
	char mac[MAC_TEXT];
	unsigned index = netlink_index(&h->host[host].nl, f->name);
	json_t *o = json_pack("{s:s,s:s,s:b,s:o}", "name", f->name, "mac", mac_text(mac, &f->mac), "up",
	    netlink_running(&h->host[host].nl, index), "addresses", addr_array(list, n, index));
	int lan = h->host[host].lan[k];
	if (lan >= 0)
		json_object_set_new(o, "lan", json_string(h->t.lan[lan].name));
	else if (f->peer_host >= 0)
		json_object_set_new(o, "peer",
		    json_pack("{s:s,s:s}", "host", h->t.host[f->peer_host].name, "interface",
		        h->t.host[f->peer_host].iface[f->peer_iface].name));
	return o;
}

static json_t *service_facts(const struct service *s)
{
	json_t *o = json_pack("{s:s,s:s,s:s}", "name", s->program->name, "title", s->program->title, "state",
	    s->program->ready == READY_EXITED && s->state == SERVICE_READY ? "done" : service_state_name(s->state));
	if (s->pid)
		json_object_set_new(o, "pid", json_integer(s->pid));
	if (s->program->port)
		json_object_set_new(o, "port", json_integer(s->program->port));
	return o;
}

static json_t *host_facts(struct holder *h, size_t i)
{
	const struct topo_host *t = &h->t.host[i];
	struct netlink_addr list[TOPO_MAX_IFACES * TOPO_MAX_ADDRS * 2];
	struct ip gateway[4];
	char text[IP_TEXT];
	size_t n = netlink_addrs(&h->host[i].nl, list, sizeof list / sizeof *list);
	size_t n_gw = netlink_gateways(&h->host[i].nl, gateway, sizeof gateway / sizeof *gateway);
	json_t *ifaces = json_array(), *gateways = json_array(), *services = json_array(), *zones = json_array();
	for (size_t k = 0; k < t->n_ifaces; k++)
		json_array_append_new(ifaces, iface_facts(h, i, k, list, n));
	for (size_t k = 0; k < n_gw; k++)
		json_array_append_new(gateways, json_string(ip_text(text, &gateway[k])));
	for (size_t k = 0; k < t->n_services; k++)
		json_array_append_new(services, service_facts(&h->host[i].service[k]));
	for (size_t k = 0; k < t->n_zones; k++)
		json_array_append_new(zones, json_string(t->zone[k]));
	return json_pack("{s:s,s:s,s:b,s:o,s:o,s:o,s:o}", "name", t->name, "title", t->title, "forwards", t->forward,
	    "interfaces", ifaces, "gateways", gateways, "services", services, "zones", zones);
}

static json_t *lan_facts(const struct holder *h, size_t lan)
{
	json_t *members = json_array();
	for (size_t i = 0; i < h->t.n_hosts; i++)
		for (size_t k = 0; k < h->t.host[i].n_ifaces; k++)
			if (h->host[i].lan[k] == (int)lan)
				json_array_append_new(members, json_pack("{s:s,s:s}", "host", h->t.host[i].name,
				                                   "interface", h->t.host[i].iface[k].name));
	return json_pack(
	    "{s:s,s:s,s:o}", "name", h->t.lan[lan].name, "title", h->t.lan[lan].title, "members", members);
}

static json_t *cert_facts(const X509 *cert, const char *host, const char *name)
{
	char sum[PKI_FINGERPRINT], subject[256];
	X509_NAME_oneline(X509_get_subject_name(cert), subject, sizeof subject);
	json_t *o = json_pack("{s:s,s:s}", "subject", subject, "sha256", lab_pki_fingerprint(sum, cert));
	if (host) {
		json_object_set_new(o, "host", json_string(host));
		json_object_set_new(o, "name", json_string(name));
	}
	return o;
}

json_t *facts_pki(const struct holder *h)
{
	json_t *leaves = json_array();
	for (size_t i = 0; i < h->t.n_hosts; i++)
		for (size_t k = 0; k < h->t.host[i].n_certs; k++)
			json_array_append_new(
			    leaves, cert_facts(h->pki.leaf[i][k].cert, h->t.host[i].name, h->t.host[i].cert[k].name));
	return json_pack("{s:o,s:o,s:o}", "root", cert_facts(h->pki.root.cert, NULL, NULL), "intermediate",
	    cert_facts(h->pki.intermediate.cert, NULL, NULL), "certificates", leaves);
}

json_t *facts_make(struct holder *h)
{
	json_t *hosts = json_array(), *lans = json_array();
	for (size_t i = 0; i < h->t.n_hosts; i++)
		json_array_append_new(hosts, host_facts(h, i));
	for (size_t i = 0; i < h->t.n_lans; i++)
		json_array_append_new(lans, lan_facts(h, i));
	return json_pack("{s:s,s:i,s:s,s:s,s:b,s:s*,s:o,s:o,s:O}", "schema", FACTS_SCHEMA, "version", FACTS_VERSION,
	    "name", h->name, "topology", h->t.digest, "seeded", h->seed_name != NULL, "seed", h->seed_name, "hosts",
	    hosts, "lans", lans, "pki", h->pki_facts);
}
