#include "recorder.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "glassnet/packet.h"
#include "netinfo.h"

int recorder_open(struct cli *c, struct recorder *r, const char *ifname, const char *filter)
{
	char msg[256] = "";
	const char *path = cli_get(c, "pcap");
	*r = (struct recorder){0};
	if (!path)
		return EXIT_YES;
	enum err e = pcapng_create(&r->out, path);
	if (e != ERR_OK)
		return cli_fail(c, e, "can't write %s: %s", path, e == ERR_IO ? strerror(errno) : err_text(e));
	e = capture_open_live(&r->cap, ifname, filter, msg);
	for (size_t i = 0; e == ERR_OK && i < capture_n_vantages(r->cap); i++)
		if ((e = pcapng_interface(r->out, capture_vantage(r->cap, i))) != ERR_OK)
			r->failed = e;
	if (e == ERR_OK)
		return EXIT_YES;
	capture_close(r->cap);
	r->cap = NULL;
	(void)!pcapng_close(r->out);
	r->out = NULL;
	return cli_fail(c, e, "--pcap: %s", *msg ? msg : err_text(e));
}

int recorder_open_towards(struct cli *c, struct recorder *r, const struct ip *to, const char *filter)
{
	struct net_route route;
	char name[IF_NAMESIZE];
	bool known = netinfo_route(to, &route) == ERR_OK && route.index && if_indextoname(route.index, name);
	return recorder_open(c, r, known ? name : NULL, filter);
}

void recorder_drain(struct recorder *r)
{
	struct capture_packet cp;
	char comment[256];
	while (r->cap && r->failed == ERR_OK && capture_next(r->cap, &cp, 0, -1) == ERR_OK) {
		struct packet p = cp.packet;
		packet_parse(&p);
		r->failed = pcapng_packet(r->out, &cp, packet_summary(&p, comment, sizeof comment));
	}
}

int recorder_close(struct cli *c, struct recorder *r, int status)
{
	if (!r->out)
		return status;
	recorder_drain(r);
	int why = errno;
	enum err closing = pcapng_close(r->out);
	capture_close(r->cap);
	if (r->failed == ERR_OK && closing == ERR_OK)
		return status;
	return cli_fail(c, ERR_IO, "can't write %s: %s", cli_get(c, "pcap"), strerror(closing ? errno : why));
}
