/* The scenarios of scenarios/ *.scn against the engine: each file is a test. */
#include <dirent.h>

#include "dnsview/request.h"
#include "scenario.h"

#define FOLDER "tests/unit/dnsview/scenarios"

struct running {
	const char *path;
	const struct scn_step *step;
	struct net n;
	struct scenario s;
};

/* --- what came of a question ------------------------------------------------------------------- */

/* "www.example. 300 A 192.0.2.1" as the wire has it; the TTL is left out where want has none. */
static bool fits(const struct record *rec, const char *want)
{
	char name[DNAME_TEXT], type[TYPE_TEXT], data[700], text[1200], word[700];
	ldns_rr *rr;
	const char *p = scn_word(want, word, sizeof(word));
	bool timed = *p >= '0' && *p <= '9';
	struct dname low = dname_lower(&rec->owner);
	if (ldns_rr_new_frm_str(&rr, want, 0, NULL, NULL) != LDNS_STATUS_OK)
		fail_msg("bad record: %s", want);
	snprintf(text, sizeof(text), "%s %s %s", dname_text(name, &low), type_text(type, rec->type),
	    rdata_text(data, sizeof(data), rec->rr));
	char expected[1200], want_data[700];
	struct dname owner = dname_from_rdf(ldns_rr_owner(rr)), owner_low = dname_lower(&owner);
	snprintf(expected, sizeof(expected), "%s %s %s", dname_text(name, &owner_low),
	    type_text(type, (uint16_t)ldns_rr_get_type(rr)), rdata_text(want_data, sizeof(want_data), rr));
	bool same = strcasecmp(text, expected) == 0 && (!timed || rec->ttl == ldns_rr_ttl(rr));
	ldns_rr_free(rr);
	return same;
}

static void check_answer(struct running *r, const struct message *m)
{
	char code[TYPE_TEXT];
	unsigned n = 0;
	if (strcmp(rcode_text(m->rcode, code), r->step->rcode) != 0)
		fail_msg("%s:%u: %s, not %s (%s)", r->path, r->step->line, code, r->step->rcode, r->n.res.why);
	for (size_t i = 0; i < m->n_records; i++) {
		bool wanted = m->records[i].section != SECTION_ANSWER;
		n += !wanted;
		for (unsigned k = 0; k < r->step->n_answer && !wanted; k++)
			wanted = fits(&m->records[i], r->step->answer[k]);
		if (!wanted)
			fail_msg("%s:%u: record %zu of the answer was not expected", r->path, r->step->line, i);
	}
	if (n != r->step->n_answer)
		fail_msg("%s:%u: %u records in the answer, not %u", r->path, r->step->line, n, r->step->n_answer);
}

static void check_servers(struct running *r, size_t from)
{
	char asked[2000] = "", word[64];
	for (size_t i = from; i < r->n.n; i++)
		snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s%s", i > from ? " " : "",
		    r->n.asked[i].server);
	const char *want = strcmp(r->step->asked, "nobody") == 0 ? "" : r->step->asked;
	if (*r->step->asked && strcmp(asked, want) != 0)
		fail_msg("%s:%u: asked %s, not %s", r->path, r->step->line, asked, r->step->asked);
	for (const char *p = r->step->never; *p;) {
		p = scn_word(p, word, sizeof(word));
		for (size_t i = from; i < r->n.n; i++)
			if (strcmp(r->n.asked[i].server, word) == 0)
				fail_msg("%s:%u: %s was asked", r->path, r->step->line, word);
	}
	if (r->step->most >= 0 && (long)(r->n.n - from) > r->step->most)
		fail_msg("%s:%u: %zu queries, more than %ld", r->path, r->step->line, r->n.n - from, r->step->most);
}

static void check_story(struct running *r, size_t from)
{
	for (unsigned i = 0; i < r->step->n_told; i++)
		if (!recorder_find(&r->n.rec, from, EV_DECISION, r->step->told[i], NULL))
			fail_msg("%s:%u: the story has no %s", r->path, r->step->line, r->step->told[i]);
}

static void ask(struct running *r)
{
	uint16_t type;
	struct stored st;
	struct message m;
	size_t at, before = r->n.n, told = r->n.rec.n;
	assert_true(type_parse(&type, r->step->type));
	net_lookup(&r->n, r->step->name, type);
	assert_int_equal(stored_make(&st, &r->n.res), ERR_OK); /* as a client would get it */
	assert_int_equal(message_parse(&m, st.wire, st.len, &at), ERR_OK);
	check_answer(r, &m);
	message_release(&m);
	stored_release(&st);
	check_servers(r, before);
	check_story(r, told);
}

/* --- a client's octets ------------------------------------------------------------------------- */

static void raw(struct running *r)
{
	uint8_t b[200];
	char code[TYPE_TEXT];
	struct request q;
	size_t len = strlen(r->step->name) / 2;
	assert_true(len <= sizeof(b));
	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)strtoul((char[]){r->step->name[2 * i], r->step->name[2 * i + 1], 0}, NULL, 16);
	const char *got = request_parse(&q, b, len) ? rcode_text(q.rcode, code) : "NONE";
	if (strcmp(got, r->step->rcode) != 0)
		fail_msg("%s:%u: %s, not %s", r->path, r->step->line, got, r->step->rcode);
}

/* --- a scenario -------------------------------------------------------------------------------- */

static void scenario(void **state)
{
	struct running *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	r->path = *state;
	scn_read(&r->s, r->path);
	assert_true(*r->s.about && r->s.n_steps);
	struct resolver_config config = net_default;
	config.policy.allow_special = !r->s.strict;
	net_config(&r->n, r->s.script[1], ONE_ROOT, config);
	for (unsigned i = 0; i < r->s.n_steps; i++) {
		r->step = &r->s.step[i];
		switch (r->step->kind) {
		case SCN_ASK:
			ask(r);
			break;
		case SCN_RAW:
			raw(r);
			break;
		case SCN_WAIT:
			r->n.now += r->step->number * NS_PER_S;
			break;
		case SCN_ERA:
			assert_in_range(r->step->number, 1, ERAS);
			r->n.script = r->s.script[r->step->number];
			break;
		}
	}
	net_down(&r->n);
	free(r);
}

static int is_scenario(const struct dirent *d)
{
	size_t n = strlen(d->d_name);
	return n > 4 && strcmp(d->d_name + n - 4, ".scn") == 0;
}

int main(void)
{
	struct dirent **file;
	int n = scandir(FOLDER, &file, is_scenario, alphasort);
	if (n < 40) {
		fprintf(stderr, "%d scenarios in %s: run from the source's top folder\n", n, FOLDER);
		return 1;
	}
	struct CMUnitTest *test = calloc((size_t)n, sizeof(*test));
	for (int i = 0; test && i < n; i++) {
		char *path = malloc(sizeof(FOLDER) + 300);
		snprintf(path, sizeof(FOLDER) + 300, "%s/%s", FOLDER, file[i]->d_name);
		test[i] = (struct CMUnitTest){.name = file[i]->d_name, .test_func = scenario, .initial_state = path};
	}
	int failed = _cmocka_run_group_tests("scenarios", test, (size_t)n, NULL, NULL);
	for (int i = 0; i < n; i++) {
		free(test[i].initial_state);
		free(file[i]);
	}
	free(file);
	free(test);
	return failed;
}
