/* certview verify: leaves through the engine. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "certview.h"
#include "glassnet/addr.h"
#include "glassnet/line.h"
#include "glassnet/target.h"

const struct cli_option verify_options[] = {
    {.name = "roots",
        .arg = "FILE",
        .many = true,
        .help = "trust these certificates and no others (default: the system's)"},
    {.name = "untrusted", .arg = "FILE", .many = true, .help = "certificates that may help to find a way"},
    {.name = "crl", .arg = "FILE", .many = true, .help = "CRLs; then the status of every certificate must be known"},
    {.name = "crl-leaf-only", .help = "with --crl: only the leaf's status must be known"},
    {.name = "ocsp", .arg = "FILE", .help = "an OCSP response for the leaf (DER)"},
    {.name = "host", .arg = "NAME", .help = "the name that it must be for"},
    {.name = "ip", .arg = "ADDR", .help = "the address that it must be for"},
    {.name = "email", .arg = "ADDR", .help = "the mail address that it must be for"},
    {.name = "at", .arg = "EPOCH", .help = "judge as of this time, in seconds since 1970 (default: now)"},
    {.name = "purpose",
        .arg = "USE",
        .choices = "server|client|any",
        .help = "what it is to be used for (default server)"},
    {.name = "profile",
        .arg = "RULES",
        .choices = "web|rfc5280",
        .help = "web: as on the web, with RFC 9525 and the baseline requirements (default); rfc5280: RFC 5280 alone"},
    {.name = "depth", .arg = "N", .help = "at most N intermediate certificates"},
    {.name = "policy", .arg = "OID", .many = true, .help = "a policy that is accepted (default: any)"},
    {.name = "explicit-policy", .help = "require a policy for the whole path"},
    {.name = "inhibit-policy-mapping", .help = "no policy may stand for another one"},
    {.name = "inhibit-any-policy", .help = "anyPolicy does not stand for every policy"},
    {.name = "leaves", .arg = "FILE|DIR", .help = "judge every certificate in it, a line each"}, CONNECT_OPTION,
    CLI_TIMEOUT_OPTION, CLI_TRACE_OPTIONS, CLI_END};

char *judge_sentence(char *out, size_t cap, const struct path_result *r, X509 *leaf)
{
	const struct path_check *first = path_first_failed(r);
	struct line x = line_on(out, cap);
	char name[128], by[128];
	size_t more = 0;

	x509_short_name(name, sizeof(name), leaf);
	if (r->accepted) {
		x509_short_name(by, sizeof(by), r->path[r->n - 1]);
		line_add(&x, "accepted: %s leads to %s, by way of %zu in between; no check failed", name, by,
		    r->n > 2 ? r->n - 2 : 0);
		return out;
	}
	const char *text = first ? first->text : "no reason is known";
	bool named = strncmp(text, name, strlen(name)) == 0;
	line_add(&x, "refused: %s%s%s (%s)", named ? "" : name, named ? "" : ": ", text, first ? first->id : "?");
	for (size_t i = 0; i < r->n_checks; i++)
		if (r->check[i].verdict == VERDICT_FAIL && &r->check[i] != first)
			line_add(&x, "%s%s", more++ ? ", " : "; and ", r->check[i].id);
	if (r->gave_up)
		line_add(&x, "; the search was ended by its limit of work");
	return out;
}

/* --- options --- */

struct run {
	struct cli *c;
	struct path_store *store;
	struct path_rules rules;
	const char *policies[CLI_MAX_MANY];
	uint8_t *ocsp;
	struct trace t;
	struct trouble w;
	int64_t timeout_ns;
	char host[256];
	unsigned accepted, refused, malformed;
	bool many;
};

static enum err read_sets(struct run *r)
{
	const char *path;
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && (path = cli_get_nth(r->c, "roots", i)); i++) {
		struct cert_set set = {0};

		if ((e = input_certs(&set, path, &r->w)) == ERR_OK)
			e = path_store_add(r->store, &set, true);
		cert_set_release(&set);
	}
	for (int i = 0; e == ERR_OK && (path = cli_get_nth(r->c, "untrusted", i)); i++) {
		struct cert_set set = {0};

		if ((e = input_certs(&set, path, &r->w)) == ERR_OK)
			e = path_store_add(r->store, &set, false);
		cert_set_release(&set);
	}
	for (int i = 0; e == ERR_OK && (path = cli_get_nth(r->c, "crl", i)); i++) {
		struct crl_set set = {0};

		if ((e = input_crls(&set, path, &r->w)) == ERR_OK)
			e = path_store_add_crls(r->store, &set);
		crl_set_release(&set);
	}
	if (e == ERR_OK && !cli_get(r->c, "roots"))
		e = path_store_trust_system(r->store);
	return e;
}

static bool is_oid(const char *text)
{
	return text[0] >= '0' && text[0] <= '2' && strspn(text, "0123456789.") == strlen(text) && strchr(text, '.');
}

static int read_names(struct run *r)
{
	struct ip ip;
	const char *why;

	r->rules.host = cli_get(r->c, "host");
	r->rules.ip = cli_get(r->c, "ip");
	r->rules.email = cli_get(r->c, "email");
	if (r->rules.host && !r->rules.host[0])
		return cli_usage(r->c, "--host needs a name");
	if (r->rules.host && ip_parse(&ip, r->rules.host) != ERR_OK && !target_is_name(r->rules.host, &why))
		cli_warn(r->c, "--host %s can be no host's name: %s", r->rules.host, why);
	if (r->rules.ip && ip_parse(&ip, r->rules.ip) != ERR_OK)
		return cli_usage(
		    r->c, "--ip takes an address, as in 192.0.2.1 or 2001:db8::1, not '%s'", r->rules.ip);
	if (r->rules.email && !strchr(r->rules.email, '@'))
		return cli_usage(r->c, "--email takes a mail address, as in alice@example.org");
	return EXIT_YES;
}

static int read_rules(struct run *r)
{
	struct cli *c = r->c;
	const char *use = cli_get(c, "purpose"), *profile = cli_get(c, "profile");
	long at = (long)(clock_now(&clock_real) / NS_PER_S), depth = -1;

	if (!cli_number(c, "at", -62135596800L, 253402300799L, &at) ||
	    !cli_number(c, "depth", 0, PATH_CERTS_MAX, &depth) || !cli_seconds(c, "timeout", 3600, &r->timeout_ns))
		return EXIT_USAGE;
	r->rules.at = at;
	r->rules.max_depth = (int)depth;
	r->rules.profile = profile && strcmp(profile, "rfc5280") == 0 ? PROFILE_RFC5280 : PROFILE_WEB;
	r->rules.use = !use || strcmp(use, "server") == 0 ? USE_SERVER
	               : strcmp(use, "client") == 0       ? USE_CLIENT
	                                                  : USE_ANY;
	for (const char *p; (p = cli_get_nth(c, "policy", (int)r->rules.n_policies));) {
		if (!is_oid(p))
			return cli_usage(c, "--policy takes an object identifier, as in 2.23.140.1.2.1, not '%s'", p);
		r->policies[r->rules.n_policies++] = p;
	}
	r->rules.policies = r->policies;
	r->rules.explicit_policy = cli_has(c, "explicit-policy");
	r->rules.inhibit_mapping = cli_has(c, "inhibit-policy-mapping");
	r->rules.inhibit_any = cli_has(c, "inhibit-any-policy");
	r->rules.crl_leaf_only = cli_has(c, "crl-leaf-only");
	return read_names(r);
}

/* --- leaves --- */

static enum err judge_one_leaf(struct run *r, X509 *leaf, const char *from)
{
	struct path_result res;
	char text[1200], *json = NULL;
	enum err e = path_verify(r->store, leaf, &r->rules, r->many ? NULL : &r->t, &res);

	if (e == ERR_OK || e == ERR_NEGATIVE) {
		judge_sentence(text, sizeof(text), &res, leaf);
		json = cli_has(r->c, "json") || cli_has(r->c, "html") ? path_result_json(&res) : NULL;
		if (r->many)
			ev_result(&r->t, e, json, "%s: %s", from, text);
		else
			ev_result(&r->t, e, json, "%s", text);
	} else {
		trouble_set(&r->w, e, "%s: %s", from, err_text(e));
	}
	r->accepted += e == ERR_OK;
	r->refused += e == ERR_NEGATIVE;
	free(json);
	path_result_release(&res);
	return e;
}

/* The first certificate of a file is the leaf; others in it may help to find the way. */
static enum err judge_file(struct run *r, const char *path)
{
	struct cert_set set = {0};
	enum err e = input_certs(&set, path, &r->w);

	if (e == ERR_OK) {
		struct cert_set rest = {.x = set.x + 1, .n = set.n - 1};

		r->rules.sent = &set;
		e = path_store_add(r->store, &rest, false);
		if (e == ERR_OK)
			e = judge_one_leaf(r, set.x[0], path);
		r->rules.sent = NULL;
	}
	cert_set_release(&set);
	return e;
}

static enum err judge_server(struct run *r, const char *target)
{
	struct fetched f;
	enum err e = input_fetch(&f, target, cli_get(r->c, "connect"), r->timeout_ns, &r->t, &r->w);

	if (e == ERR_OK) {
		if (!r->rules.host && !r->rules.ip && !r->rules.email) {
			memcpy(r->host, f.host, sizeof(r->host));
			r->rules.host = r->host;
		}
		if (f.staple && !r->rules.ocsp) {
			r->rules.ocsp = f.staple;
			r->rules.ocsp_len = f.staple_len;
		}
		struct cert_set rest = {.x = f.certs.x + 1, .n = f.certs.n - 1};
		r->rules.sent = &f.certs;
		e = path_store_add(r->store, &rest, false);
		if (e == ERR_OK)
			e = judge_one_leaf(r, f.certs.x[0], target);
		r->rules.sent = NULL;
		if (r->rules.ocsp == f.staple)
			r->rules.ocsp = NULL;
		if (r->rules.host == r->host)
			r->rules.host = NULL;
	}
	fetched_release(&f);
	return e;
}

/* With several leaves one that cannot be read does not keep the others from being judged. */
static enum err note(struct run *r, enum err e, enum err worst)
{
	if (e == ERR_OK || e == ERR_NEGATIVE)
		return worst == ERR_OK ? e : worst;
	if (r->many) {
		cli_fail(r->c, e, "%s", r->w.text);
		r->malformed++;
	}
	return e;
}

static enum err judge_set(struct run *r, const char *path)
{
	struct cert_set set = {0};
	char from[512];
	enum err e = input_certs(&set, path, &r->w), worst = e;

	for (size_t i = 0; e != ERR_NOMEM && i < set.n && !cli_interrupted(); i++) {
		snprintf(from, sizeof(from), "%s, certificate %zu", path, i + 1);
		worst = note(r, e = judge_one_leaf(r, set.x[i], from), worst);
	}
	if (set.n == 0)
		worst = note(r, e, ERR_OK);
	cert_set_release(&set);
	return worst;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static enum err judge_dir(struct run *r, const char *path)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_visible, by_name);
	enum err worst = ERR_OK;

	if (n < 0)
		return trouble_set(&r->w, ERR_IO, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		char file[4352];

		snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name);
		if (!cli_interrupted())
			worst = note(r, judge_file(r, file), worst);
		if (i % 100 == 0)
			cli_progress("%d of %d", i, n);
		free(list[i]);
	}
	free(list);
	cli_progress_end();
	return worst;
}

static enum err judge_leaves(struct run *r)
{
	const char *all = cli_get(r->c, "leaves");
	enum err worst = ERR_OK;
	struct stat st;

	for (int i = 0; i < r->c->argc && !cli_interrupted(); i++) {
		const char *leaf = r->c->argv[i];

		worst = note(r, input_is_server(leaf) ? judge_server(r, leaf) : judge_file(r, leaf), worst);
	}
	if (all)
		worst = note(
		    r, stat(all, &st) == 0 && S_ISDIR(st.st_mode) ? judge_dir(r, all) : judge_set(r, all), worst);
	if (r->many)
		ev_result(&r->t, worst, NULL, "%u accepted, %u refused%s", r->accepted, r->refused,
		    r->malformed ? ", and some cannot be read" : "");
	return worst;
}

static int finish(struct run *r, enum err e)
{
	int status = cli_trace_close(r->c, &r->t, cli_interrupted() ? 130 : (int)err_exit(e));

	if (e != ERR_OK && e != ERR_NEGATIVE && !r->many && !cli_interrupted())
		cli_fail(r->c, e, "%s", r->w.text[0] ? r->w.text : err_text(e));
	return status;
}

int verb_verify(struct cli *c)
{
	struct run r = {.c = c, .timeout_ns = 10 * NS_PER_S, .many = c->argc > 1 || cli_has(c, "leaves")};
	const char *ocsp = cli_get(c, "ocsp");
	int status = read_rules(&r);

	if (status != EXIT_YES)
		return status;
	if (c->argc == 0 && !cli_has(c, "leaves"))
		return cli_usage(c, "verify needs a certificate, or HOST:PORT");
	cli_catch_interrupt();
	enum err e = cli_trace_open(c, &r.t, &clock_real, "certview");
	if (e != ERR_OK)
		return cli_trace_close(c, &r.t, (int)err_exit(e));
	r.store = path_store_new();
	e = r.store ? read_sets(&r) : ERR_NOMEM;
	if (e == ERR_OK && ocsp)
		e = input_bytes(&r.ocsp, &r.rules.ocsp_len, ocsp, (size_t)1 << 20, &r.w);
	r.rules.ocsp = r.ocsp;
	if (e == ERR_OK)
		e = judge_leaves(&r);
	else
		r.many = false; /* then the reason has not been told */
	status = finish(&r, e);
	path_store_free(r.store);
	free(r.ocsp);
	return status;
}
