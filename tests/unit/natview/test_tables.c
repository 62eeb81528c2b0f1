/* The connection table's messages, and which socket takes a packet. */
#include "torture.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "natview/conntrack.h"
#include "natview/netinfo.h"
#include "natview/sockets.h"

static void put_tuple(
    struct nlmsghdr *h, uint16_t type, const char *src, const char *dst, uint16_t sport, uint16_t dport)
{
	struct in_addr a, b;
	inet_pton(AF_INET, src, &a);
	inet_pton(AF_INET, dst, &b);
	struct nlattr *tuple = mnl_attr_nest_start(h, type), *ip = mnl_attr_nest_start(h, CTA_TUPLE_IP);
	mnl_attr_put(h, CTA_IP_V4_SRC, 4, &a);
	mnl_attr_put(h, CTA_IP_V4_DST, 4, &b);
	mnl_attr_nest_end(h, ip);
	struct nlattr *proto = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(h, CTA_PROTO_NUM, IPPROTO_UDP);
	mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, htons(sport));
	mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, htons(dport));
	mnl_attr_nest_end(h, proto);
	mnl_attr_nest_end(h, tuple);
}

static struct nlmsghdr *message(char buf[static 1024], uint8_t type, uint16_t flags)
{
	memset(buf, 0, 1024);
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	h->nlmsg_flags = flags;
	mnl_nlmsg_put_extra_header(h, sizeof(struct nfgenmsg));
	return h;
}

static void entry_of_the_table_is_read(void **state)
{
	(void)state;
	char buf[1024], text[CT_TEXT];
	struct ct_entry e;
	enum ct_change change;
	struct nlmsghdr *h = message(buf, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL);
	put_tuple(h, CTA_TUPLE_ORIG, "192.168.1.124", "192.0.2.82", 40000, 3478);
	put_tuple(h, CTA_TUPLE_REPLY, "192.0.2.82", "203.0.113.10", 3478, 41000);
	mnl_attr_put_u32(h, CTA_ID, htonl(77));
	mnl_attr_put_u32(h, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_SRC_NAT));
	mnl_attr_put_u32(h, CTA_TIMEOUT, htonl(30));
	assert_true(ct_parse(&e, &change, h));
	assert_int_equal(change, CT_NEW);
	assert_int_equal(e.id, 77);
	assert_true(ct_source_changed(&e));
	assert_false(ct_destination_changed(&e));
	assert_string_equal(ct_key(text, &e), "UDP 192.168.1.124:40000 to 192.0.2.82:3478");
	assert_string_equal(ct_value(text, &e), "outside it is 203.0.113.10:41000; no answer yet, forgotten in 30 s");
	h->nlmsg_flags = 0;
	assert_true(ct_parse(&e, &change, h));
	assert_int_equal(change, CT_UPDATE);
	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	assert_true(ct_parse(&e, &change, h));
	assert_int_equal(change, CT_GONE);
}

static void message_that_is_no_entry_is_refused(void **state)
{
	(void)state;
	char buf[1024];
	struct ct_entry e;
	enum ct_change change;
	struct nlmsghdr *h = message(buf, IPCTNL_MSG_CT_NEW, 0);
	assert_false(ct_parse(&e, &change, h)); /* nothing in it */
	put_tuple(h, CTA_TUPLE_ORIG, "192.168.1.124", "192.0.2.82", 1, 2);
	assert_false(ct_parse(&e, &change, h)); /* one direction */
	h->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8;
	assert_false(ct_parse(&e, &change, h));
	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS;
	assert_false(ct_parse(&e, &change, h));
}

static struct open_socket listener(uint8_t protocol, const char *at)
{
	struct open_socket s = {.protocol = protocol, .state = protocol == IPPROTO_TCP ? TCP_LISTEN : TCP_CLOSE};
	assert_int_equal(endpoint_parse(&s.local, at, 0), ERR_OK);
	return s;
}

static void most_special_socket_takes_the_packet(void **state)
{
	(void)state;
	struct open_socket list[] = {listener(IPPROTO_TCP, "[::]:80"), listener(IPPROTO_TCP, "0.0.0.0:80"),
	    listener(IPPROTO_TCP, "192.0.2.1:80"), listener(IPPROTO_UDP, "192.0.2.1:53"),
	    listener(IPPROTO_TCP, "[::]:443"), listener(IPPROTO_TCP, "[::]:444")};
	list[5].six_only = true;
	struct sockets s = {.n = sizeof list / sizeof *list, .at = list};
	static const struct {
		uint8_t protocol;
		const char *to;
		int want;
	} cases[] = {{IPPROTO_TCP, "192.0.2.1:80", 2}, {IPPROTO_TCP, "192.0.2.2:80", 1},
	    {IPPROTO_TCP, "[2001:db8::1]:80", 0}, {IPPROTO_UDP, "192.0.2.1:80", -1}, {IPPROTO_UDP, "192.0.2.1:53", 3},
	    {IPPROTO_UDP, "192.0.2.2:53", -1}, {IPPROTO_TCP, "192.0.2.1:443", 4}, {IPPROTO_TCP, "192.0.2.1:444", -1},
	    {IPPROTO_TCP, "[2001:db8::1]:444", 5}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct endpoint to;
		assert_int_equal(endpoint_parse(&to, cases[i].to, 0), ERR_OK);
		const struct open_socket *o = sockets_find(&s, cases[i].protocol, &to);
		if (o != (cases[i].want < 0 ? NULL : &list[cases[i].want]))
			fail_msg("%s goes to socket %d", cases[i].to, o ? (int)(o - list) : -1);
	}
}

/* Of this very process, asked of this very kernel. */
static void own_listening_socket_is_found_with_its_process(void **state)
{
	(void)state;
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct endpoint at;
	struct sockets s;
	struct netinfo net;
	size_t holders;
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
	assert_int_equal(endpoint_from_sockaddr(&at, (struct sockaddr *)&sa, n), ERR_OK);
	assert_int_equal(sockets_load(&s), ERR_OK);
	const struct open_socket *o = sockets_find(&s, IPPROTO_TCP, &at);
	assert_non_null(o);
	const struct holder *h = socket_holder(&s, o, &holders);
	assert_non_null(h);
	assert_int_equal(h->pid, getpid());
	sockets_release(&s);
	assert_int_equal(netinfo_load(&net), ERR_OK);
	assert_non_null(netinfo_own(&net, &at.ip));
	assert_non_null(netinfo_if_named(&net, "lo"));
	netinfo_release(&net);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entry_of_the_table_is_read),
	    cmocka_unit_test(message_that_is_no_entry_is_refused),
	    cmocka_unit_test(most_special_socket_takes_the_packet),
	    cmocka_unit_test(own_listening_socket_is_found_with_its_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
