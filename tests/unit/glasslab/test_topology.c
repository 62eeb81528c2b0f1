#include "torture.h"

#include <stdio.h>
#include <string.h>

#include "glasslab/topology.h"

/* libconfig 1.5 loses its text buffer when a file ends within quotes. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

static const char small[] =
    "format = 1;\n"
    "resolver = [ \"203.0.113.53\", \"2001:db8::53\" ];\n"
    "programs = (\n"
    "  { name = \"web\"; title = \"server\"; ready = \"tcp\"; port = 80; run = [ \"web\", \"-f\" ]; },\n"
    "  { name = \"client\"; title = \"client\"; after = \"web\"; run = [ \"client\" ]; } );\n"
    "lans = ( { name = \"home\"; title = \"at home\"; } );\n"
    "hosts = (\n"
    "  { name = \"a\"; title = \"first\"; forward = true; services = [ \"web\" ]; zones = [ \".\" ];\n"
    "    interfaces = ( { name = \"eth0\"; to = \"b\"; addresses = [ \"192.0.2.1/24\", \"2001:db8::1/64\" ]; "
    "},\n"
    "                   { name = \"eth1\"; lan = \"home\"; dhcp = true; } );\n"
    "    gateways = [ \"192.0.2.2\" ]; routes = ( { to = \"10.0.0.0/8\"; via = \"192.0.2.3\"; } );\n"
    "    certificates = ( { name = \"www\"; names = [ \"www.example\" ]; } ); },\n"
    "  { name = \"b\"; title = \"second\"; interfaces = ( { name = \"up\"; to = \"a\"; } ); } );\n";

static void topology_of_two_hosts_is_read(void **state)
{
	(void)state;
	struct topology t;
	struct why w = {""};
	assert_int_equal(topology_parse(&t, small, "small", &w), ERR_OK);
	assert_int_equal(t.n_hosts, 2);
	assert_int_equal(topology_host(&t, "b"), 1);
	assert_int_equal(topology_host(&t, "c"), -1);
	assert_int_equal(topology_lan(&t, "home"), 0);
	const struct topo_host *a = &t.host[0];
	assert_true(a->forward);
	assert_int_equal(a->iface[0].peer_host, 1);
	assert_int_equal(a->iface[0].lan, -1);
	assert_int_equal(a->iface[0].addr[1].prefix, 64);
	assert_int_equal(a->iface[1].lan, 0);
	assert_true(a->iface[1].dhcp);
	assert_int_equal(a->n_routes, 2);
	assert_int_equal(a->route[0].to.prefix, 0);
	assert_int_equal(a->route[1].to.prefix, 8);
	assert_string_equal(a->cert[0].dns[0], "www.example");
	assert_int_equal(t.program[0].port, 80);
	assert_int_equal(t.program[0].after, -1);
	assert_int_equal(t.program[1].after, 0);
	char text[IP_TEXT];
	assert_string_equal(ip_text(text, topology_addr(a, 6)), "2001:db8::1");
	assert_null(topology_addr(&t.host[1], 4));
	topology_release(&t);
}

static void topology_macs_are_local_and_different(void **state)
{
	(void)state;
	struct topology t;
	struct why w = {""};
	assert_int_equal(topology_parse(&t, small, "small", &w), ERR_OK);
	const struct mac *m = &t.host[0].iface[0].mac, *n = &t.host[0].iface[1].mac, *o = &t.host[1].iface[0].mac;
	assert_int_equal(m->b[0] & 3, 2); /* locally administered, one station */
	assert_memory_not_equal(m->b, n->b, sizeof m->b);
	assert_memory_not_equal(m->b, o->b, sizeof m->b);
	topology_release(&t);
}

static void topology_digest_tells_two_texts_apart(void **state)
{
	(void)state;
	struct topology t, u;
	struct why w = {""};
	char other[sizeof small + 8];
	snprintf(other, sizeof other, "%s// x\n", small);
	assert_int_equal(topology_parse(&t, small, "t", &w), ERR_OK);
	assert_int_equal(topology_parse(&u, other, "u", &w), ERR_OK);
	assert_string_not_equal(t.digest, u.digest);
	topology_release(&t);
	topology_release(&u);
}

/* What is replaced in the small topology by what, and what the message must then say. */
static const struct {
	const char *from, *to, *message;
} broken[] = {
    {"format = 1;", "format = 2;", "x:1: \"format = 1;\" is missing"},
    {"format = 1;", "format = 1; )", "x:1: syntax error"},
    {"format = 1;", "format = 1; @include \"/dev/zero\"", "@include"},
    {"title = \"at home\";", "", "x:6: \"title\" is missing"},
    {"title = \"at home\";", "titel = \"x\";", "x:6: \"titel\" is not known here"},
    {"name = \"b\"; title", "name = \"a\"; title", "two hosts \"a\""},
    {"name = \"b\"; title", "name = \"../b\"; title", "may have only letters"},
    {"name = \"b\"; title", "name = \"\"; title", "name is empty"},
    {"name = \"b\"; title", "name = 5; title", "name must be text in quotes"},
    {"to = \"b\";", "to = \"c\";", "x:9: no host is called \"c\""},
    {"to = \"b\";", "to = \"a\";", "from the host to itself"},
    {"to = \"b\";", "to = \"b\"; lan = \"home\";", "needs one of"},
    {"to = \"b\";", "", "needs one of"},
    {"{ name = \"up\"; to = \"a\"; }", "", "b has no interface with to = \"a\""},
    {"192.0.2.1/24", "192.0.2.1", "is not ADDRESS/BITS"},
    {"192.0.2.1/24", "192.0.2.1/33", "prefix length"},
    {"192.0.2.1/24", "192.0.2.1/-1", "prefix length"},
    {"192.0.2.1/24", "192.0.2.1/2x", "prefix length"},
    {"192.0.2.1/24", "192.0.2.256/24", "is no IP address"},
    {"2001:db8::1/64", "2001:db8::1/129", "prefix length"},
    {"gateways = [ \"192.0.2.2\" ]", "gateways = [ \"nowhere\" ]", "nowhere is no IP address"},
    {"via = \"192.0.2.3\"", "via = \"2001:db8::3\"", "one address family"},
    {"via = \"192.0.2.3\";", "", "needs \"to\" and \"via\""},
    {"services = [ \"web\" ]", "services = [ \"wbe\" ]", "no program is called \"wbe\""},
    {"services = [ \"web\" ]", "services = \"web\"", "must be a list"},
    {"ready = \"tcp\"", "ready = \"soon\"", "is none of"},
    {"port = 80;", "", "needs a port"},
    {"port = 80;", "port = 70000;", "from 1 to 65535"},
    {"after = \"web\"", "after = \"client\"", "no program above"},
    {"run = [ \"client\" ]", "run = [ ]", "run, the command, is missing"},
    {"run = [ \"client\" ]", "run = [ 5 ]", "no text"},
    {"forward = true", "forward = 1", "must be true or false"},
    {"names = [ \"www.example\" ]", "names = [ ]", "a certificate needs names"},
    {"lan = \"home\"", "lan = \"office\"", "no lan is called \"office\""},
    {"name = \"eth1\"", "name = \"eth0\"", "two interfaces"},
    {"name = \"eth1\"", "name = \"much-too-long-a-name\"", "longer than 15"},
    {"{ name = \"up\"; to = \"a\"; }", "{ name = \"up\"; to = \"a\"; addresses = [ \"192.0.2.1/24\" ]; }",
        "same address"},
};

static void replace(char *out, size_t cap, const char *from, const char *to)
{
	const char *at = strstr(small, from);
	assert_non_null(at);
	snprintf(out, cap, "%.*s%s%s", (int)(at - small), small, to, at + strlen(from));
}

static void topology_with_a_fault_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		char text[sizeof small + 256];
		struct topology t;
		struct why w = {""};
		replace(text, sizeof text, broken[i].from, broken[i].to);
		if (topology_parse(&t, text, "x", &w) != ERR_FORMAT || !strstr(w.text, broken[i].message))
			fail_msg("'%s' for '%s': '%s' does not say '%s'", broken[i].to, broken[i].from, w.text,
			    broken[i].message);
		assert_null(t.host); /* nothing to release */
	}
}

static void topology_cut_anywhere_is_refused_or_whole(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(small); n++) {
		char text[sizeof small];
		struct topology t;
		struct why w = {""};
		memcpy(text, small, n);
		text[n] = '\0';
		if (topology_parse(&t, text, "x", &w) == ERR_OK) {
			assert_int_equal(t.n_hosts, 2); /* only the end of the last line is gone */
			topology_release(&t);
		} else {
			assert_true(strlen(w.text) > 0);
		}
	}
}

static void topology_with_too_many_entries_is_refused(void **state)
{
	(void)state;
	struct topology t;
	struct why w = {""};
	static char text[16384];
	size_t n = (size_t)snprintf(text, sizeof text, "format = 1; hosts = (");
	for (int i = 0; i <= TOPO_MAX_HOSTS; i++)
		n += (size_t)snprintf(
		    text + n, sizeof text - n, "%s{ name = \"h%d\"; title = \"x\"; }", i ? "," : "", i);
	snprintf(text + n, sizeof text - n, ");");
	assert_int_equal(topology_parse(&t, text, "x", &w), ERR_FORMAT);
	assert_non_null(strstr(w.text, "more than 64"));
}

/* Two homes may use one private address, each in its own network; a public one, or both in one network, not. */
static void topology_private_address_may_be_in_two_networks(void **state)
{
	(void)state;
	static const char two_homes[] =
	    "format = 1; lans = ( { name = \"x\"; title = \"x\"; }, { name = \"y\"; title = \"y\"; } ); hosts = ("
	    "{ name = \"a\"; title = \"a\"; interfaces = ( { name = \"e\"; lan = \"x\"; addresses = [ \"%s\" ]; } ); "
	    "},"
	    "{ name = \"b\"; title = \"b\"; interfaces = ( { name = \"e\"; lan = \"%s\"; addresses = [ \"%s\" ]; } "
	    "); } );";
	static const struct {
		const char *addr, *lan;
		enum err want;
	} cases[] = {{"192.168.1.1/24", "y", ERR_OK}, {"192.168.1.1/24", "x", ERR_FORMAT},
	    {"203.0.113.1/24", "y", ERR_FORMAT}, {"100.64.0.1/10", "y", ERR_FORMAT}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[1024];
		struct topology t;
		struct why w = {""};
		snprintf(text, sizeof text, two_homes, cases[i].addr, cases[i].lan, cases[i].addr);
		assert_int_equal(topology_parse(&t, text, "x", &w), cases[i].want);
		if (cases[i].want == ERR_OK)
			topology_release(&t);
		else
			assert_non_null(strstr(w.text, "same address"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(topology_of_two_hosts_is_read),
	    cmocka_unit_test(topology_macs_are_local_and_different),
	    cmocka_unit_test(topology_digest_tells_two_texts_apart),
	    cmocka_unit_test(topology_with_a_fault_is_refused_with_its_place),
	    cmocka_unit_test(topology_cut_anywhere_is_refused_or_whole),
	    cmocka_unit_test(topology_private_address_may_be_in_two_networks),
	    cmocka_unit_test(topology_with_too_many_entries_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
