/* lease: DHCP message by message, while busybox udhcpc gets a lease. What it gets is not put into use: the client's
 * script is /bin/true. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glassnet/net.h"
#include "glassnet/proto/dhcp.h"
#include "natview.h"
#include "netinfo.h"
#include "recorder.h"

#define FILTER             "udp port 67 or udp port 68"
#define TIMEOUT_NS         (10 * NS_PER_S)
#define TURN_NS            (20 * NS_PER_MS)
#define SETTLE_NS          (100 * NS_PER_MS) /* after the client has ended: its last messages */
#define OFFERS_MAX         8
#define OPT_AUTHENTICATION 90 /* RFC 3118 */

extern char **environ;

struct lease {
	struct cli *c;
	struct trace *t;
	const char *me;
	struct net_if ifc;
	struct recorder record;
	struct capture *cap;
	pid_t client;
	bool ended;
	int status;
	/* what was seen */
	bool known_xid, acked, refused, authenticated;
	uint32_t xid;
	size_t n_offers;
	struct dhcp offer[OFFERS_MAX], ack;
	size_t messages;
};

/* --- the client -------------------------------------------------------------------------------------------------- */

static enum err start_client(struct lease *l)
{
	char *argv[] = {"busybox", "udhcpc", "-f", "-n", "-q", "-i", l->ifc.name, "-t", "3", "-T", "1", "-A", "1",
	    "-s", "/bin/true", NULL};
	posix_spawn_file_actions_t io;
	posix_spawnattr_t attr;
	sigset_t pipe_default;
	sigemptyset(&pipe_default);
	sigaddset(&pipe_default, SIGPIPE);
	posix_spawn_file_actions_init(&io);
	posix_spawn_file_actions_addopen(&io, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&io, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&io, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &pipe_default);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	int e = posix_spawnp(&l->client, "busybox", &io, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&io);
	errno = e;
	return e == 0 ? ERR_OK : ERR_UNSUPPORTED;
}

static void note_end(struct lease *l, int flags)
{
	if (!l->ended && l->client > 0 && waitpid(l->client, &l->status, flags) == l->client)
		l->ended = true;
}

static void stop_client(struct lease *l)
{
	if (l->client > 0 && !l->ended) {
		kill(l->client, SIGTERM);
		note_end(l, 0);
	}
}

/* --- its messages --------------------------------------------------------------------------------------------------- */

static const char *text_or(char out[static IP_TEXT], const struct ip *a, const char *otherwise)
{
	return a->family ? ip_text(out, a) : otherwise;
}

static void explain_offer(struct lease *l, const struct dhcp *h, const char *who)
{
	char yours[IP_TEXT], router[IP_TEXT], dns[IP_TEXT], mask[IP_TEXT];
	ev_decision(l->t, h->type == DHCP_OFFER ? "offer" : "ack", "RFC 2131 3.1",
	    "%s %s %s, mask %s, for %u s. The way out is %s; names are asked of %s.", who,
	    h->type == DHCP_OFFER ? "offers" : "gives", text_or(yours, &h->yours, "nothing"),
	    text_or(mask, &h->mask, "not said"), h->has_lease ? h->lease : 0, text_or(router, &h->router, "not said"),
	    text_or(dns, &h->dns, "nobody that it names"));
}

static void explain(struct lease *l, const struct dhcp *h, const char *who)
{
	char wanted[IP_TEXT], server[IP_TEXT];
	switch (h->type) {
	case DHCP_DISCOVER:
		ev_explain(l->t,
		    "It goes to everybody on the link (255.255.255.255) and comes from nobody (0.0.0.0): who has no "
		    "address cannot know yet whom to ask. Any machine on the link may answer.");
		break;
	case DHCP_OFFER:
	case DHCP_ACK:
		explain_offer(l, h, who);
		break;
	case DHCP_REQUEST:
		ev_decision(l->t, "request", "RFC 2131 3.1",
		    "Taken: %s, from %s. Everybody hears it, so whoever else made an "
		    "offer knows that it was not wanted.",
		    text_or(wanted, h->requested.family ? &h->requested : &h->client, "the address of before"),
		    text_or(server, &h->server_id, "the server of before"));
		break;
	case DHCP_NAK:
		ev_decision(l->t, "nak", "RFC 2131 3.1", "%s says no: that address is not to be had here.", who);
		break;
	default:
		break;
	}
}

static void note(struct lease *l, const struct dhcp *h, const uint8_t *p, size_t len)
{
	struct dhcp_option o;
	size_t pos = 0;
	while (dhcp_option_next(p, len, &pos, &o))
		l->authenticated = l->authenticated || (o.code == OPT_AUTHENTICATION && h->op == 2);
	if (h->type == DHCP_OFFER && l->n_offers < OFFERS_MAX)
		l->offer[l->n_offers++] = *h;
	l->refused = l->refused || h->type == DHCP_NAK;
	if (h->type == DHCP_ACK) {
		l->ack = *h;
		l->acked = true;
	}
}

/* Messages of our client's conversation: others may get a lease at the same time. */
static bool is_ours(struct lease *l, const struct dhcp *h)
{
	if (!h->has_mac || memcmp(h->client_mac.b, l->ifc.mac.b, sizeof h->client_mac.b) != 0)
		return false;
	if (h->op == 1 && h->type == DHCP_DISCOVER && !l->known_xid) {
		l->known_xid = true;
		l->xid = h->xid;
	}
	return l->known_xid && h->xid == l->xid;
}

static void take(struct lease *l, const struct capture_packet *cp)
{
	struct packet p = cp->packet;
	struct dhcp h;
	size_t at;
	char who[LAB_HOST_MAX], from[ENDPOINT_TEXT], to[ENDPOINT_TEXT], label[256];
	struct text line = text_init(label, sizeof label);
	packet_parse(&p);
	if (p.payload_off + p.payload_len > p.len ||
	    dhcp_parse(&h, p.bytes + p.payload_off, p.payload_len, &at) != ERR_OK || !is_ours(l, &h))
		return;
	bool reply = h.op == 2;
	const char *name = reply ? capture_name(l->cap, &p.src.ip) : NULL;
	snprintf(who, sizeof who, "%s", name ? name : reply ? ip_text((char[IP_TEXT]){""}, &p.src.ip) : "everyone");
	dhcp_summary(&h, &line);
	l->messages++;
	emit(l->t, (struct event){.kind = reply ? EV_RECV : EV_SEND,
	               .time = p.time,
	               .u.msg = {.from = reply ? who : l->me,
	                   .to = reply ? l->me : who,
	                   .proto = "DHCP",
	                   .label = label,
	                   .bytes = p.bytes,
	                   .len = p.len,
	                   .packet = p.number,
	                   .secrecy = SECRECY_CLEAR,
	                   .from_addr = endpoint_text(from, &p.src),
	                   .to_addr = endpoint_text(to, &p.dst)}});
	packet_describe(&p, l->t);
	note(l, &h, p.bytes + p.payload_off, p.payload_len);
	explain(l, &h, who);
}

static enum err watch(struct lease *l, struct deadline end)
{
	struct capture_packet cp;
	int64_t settled = INT64_MAX;
	for (;;) {
		enum err e = capture_next(l->cap, &cp, TURN_NS, end.cancel_fd);
		if (e == ERR_OK)
			take(l, &cp);
		else if (e != ERR_TIMEOUT)
			return e;
		note_end(l, WNOHANG);
		if (l->ended && settled == INT64_MAX)
			settled = net_now() + SETTLE_NS;
		if (net_now() >= settled || cli_interrupted())
			return ERR_OK;
		if (deadline_left(end) == 0)
			return ERR_TIMEOUT;
	}
}

/* --- what came out --------------------------------------------------------------------------------------------------- */

static json_t *dhcp_json(const struct dhcp *h)
{
	char a[IP_TEXT], b[IP_TEXT], c[IP_TEXT], d[IP_TEXT], e[IP_TEXT];
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "address", text_or(a, &h->yours, ""), "mask",
	    text_or(b, &h->mask, ""), "router", text_or(c, &h->router, ""), "dns", text_or(d, &h->dns, ""), "server",
	    text_or(e, &h->server_id, ""), "lease_s", h->has_lease ? (int)h->lease : 0);
}

static bool several_servers(const struct lease *l)
{
	for (size_t i = 1; i < l->n_offers; i++)
		if (!ip_equal(&l->offer[i].server_id, &l->offer[0].server_id))
			return true;
	return false;
}

static enum err conclude(struct lease *l)
{
	char a[IP_TEXT], s[IP_TEXT];
	json_t *offers = json_array(), *o = json_object();
	for (size_t i = 0; i < l->n_offers; i++)
		json_array_append_new(offers, dhcp_json(&l->offer[i]));
	if (l->acked)
		o = (json_decref(o), dhcp_json(&l->ack));
	json_object_set_new(o, "interface", json_string(l->ifc.name));
	json_object_set_new(o, "offers", offers);
	json_object_set_new(o, "authenticated", json_boolean(l->authenticated));
	char *text = json_dumps(o, JSON_COMPACT);
	if (several_servers(l))
		ev_warning(l->t,
		    "More than one server made an offer. The client takes the first that comes; one of them may be "
		    "an intruder's, and nothing in the messages tells which.");
	if (l->n_offers || l->acked)
		ev_check(l->t, "dhcp-authenticated", l->authenticated ? VERDICT_PASS : VERDICT_FAIL, "RFC 3118",
		    "does anything prove who answered?",
		    l->authenticated
		        ? "there is an authentication option (90) in the answer"
		        : "no: no answer has an authentication option (90). Whoever answers first becomes router "
		          "and name server");
	enum err e = l->acked ? ERR_OK : ERR_NEGATIVE;
	if (l->acked)
		ev_result(l->t, e, text,
		    "%s is leased to %s by %s for %u s (shown only: the interface keeps what it had).",
		    text_or(a, &l->ack.yours, "no address"), l->ifc.name,
		    text_or(s, &l->ack.server_id, "an unnamed server"), l->ack.has_lease ? l->ack.lease : 0);
	else
		ev_result(l->t, e, text, "No lease at %s: %s.", l->ifc.name,
		    l->refused    ? "the server said no"
		    : l->n_offers ? "an offer came, but no confirmation"
		                  : "nobody offered an address");
	free(text);
	json_decref(o);
	return e;
}

/* --- the verb ------------------------------------------------------------------------------------------------------------ */

/* The interface that was named, or the one that leads out, or the first that is up. */
static int choose(struct lease *l)
{
	struct netinfo n;
	const struct net_if *f = NULL;
	if (netinfo_load(&n) != ERR_OK)
		return cli_fail(l->c, ERR_NET, "the kernel does not tell: %s", strerror(errno));
	if (l->c->argc) {
		f = netinfo_if_named(&n, l->c->argv[0]);
	} else {
		const struct net_route *r = netinfo_default(&n, 4);
		f = r ? netinfo_if(&n, r->index) : NULL;
		for (size_t i = 0; !f && i < n.n_ifs; i++)
			f = n.ifs[i].up && n.ifs[i].has_mac ? &n.ifs[i] : NULL;
	}
	int status = EXIT_YES;
	if (!f)
		status = l->c->argc ? cli_usage(l->c, "there is no interface %s here", l->c->argv[0])
		                    : cli_fail(l->c, ERR_UNREACHABLE, "no interface here can ask for a lease");
	else if (!f->has_mac || !f->up)
		status = cli_usage(l->c, "%s cannot ask for a lease: %s", f->name,
		    f->has_mac ? "it is off" : "it is no Ethernet interface");
	else
		l->ifc = *f;
	netinfo_release(&n);
	return status;
}

static int run(struct lease *l, int64_t timeout)
{
	char msg[256] = "";
	int status = recorder_open(l->c, &l->record, l->ifc.name, FILTER);
	if (status != EXIT_YES)
		return status;
	enum err e = capture_open_live(&l->cap, l->ifc.name, FILTER, msg);
	if (e != ERR_OK)
		status = cli_fail(l->c, e, "%s", *msg ? msg : err_text(e));
	if (status == EXIT_YES) {
		ev_heading(l->t, "%s asks for an address at %s (busybox udhcpc)", l->me, l->ifc.name);
		if ((e = start_client(l)) != ERR_OK)
			status = cli_fail(l->c, e, "busybox cannot be started: %s", strerror(errno));
	}
	if (status == EXIT_YES) {
		e = watch(l, deadline_in(timeout, cli_interrupt_fd()));
		stop_client(l);
		if (cli_interrupted())
			status = 128 + SIGINT;
		else if (e != ERR_OK && !(e == ERR_TIMEOUT && l->messages))
			status = cli_fail(
			    l->c, e, "%s", e == ERR_TIMEOUT ? "not a message of the client's was seen" : err_text(e));
		else if (l->messages == 0)
			status = cli_fail(l->c, ERR_PERM,
			    "udhcpc ended without a message: has it the right to? (status %d)",
			    WIFEXITED(l->status) ? WEXITSTATUS(l->status) : -1);
		else
			status = (int)err_exit(conclude(l));
	}
	capture_close(l->cap);
	return recorder_close(l->c, &l->record, status);
}

int verb_lease(struct cli *c)
{
	struct trace t;
	char me[NAME_TEXT];
	struct lease l = {.c = c, .t = &t, .me = own_name(me)};
	int64_t timeout = TIMEOUT_NS;
	if (!cli_seconds(c, "timeout", 3600, &timeout))
		return EXIT_USAGE;
	int status = choose(&l);
	if (status != EXIT_YES)
		return status;
	cli_catch_interrupt();
	enum err e = cli_trace_open(c, &t, &clock_real, l.me);
	status = e == ERR_OK ? run(&l, timeout) : (int)err_exit(e);
	return cli_trace_close(c, &t, status);
}
