#include "dnssec_anchor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char root_anchors_text[] =
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n";

#define LINE_OCTETS 2048 /* an RSA key of 4,096 bits fits */

static enum err fail(struct hints_error *where, enum err e, const char *why)
{
	snprintf(where->why, sizeof(where->why), "%s", why);
	return e;
}

static enum err parse_line(struct anchors *out, char *line, struct hints_error *where)
{
	line[strcspn(line, ";\r")] = '\0';
	if (line[strspn(line, " \t")] == '\0')
		return ERR_OK;
	ldns_rr *rr = NULL;
	if (line[0] == ' ' || line[0] == '\t' || ldns_rr_new_frm_str(&rr, line, 3600, NULL, NULL) != LDNS_STATUS_OK)
		return fail(where, ERR_FORMAT, "no record; expected: . IN DS TAG ALGORITHM DIGEST-TYPE DIGEST");
	struct dname owner = dname_from_rdf(ldns_rr_owner(rr));
	bool right = ldns_rr_get_type(rr) == LDNS_RR_TYPE_DS || ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNSKEY;
	enum err e = ERR_OK;
	if (!right || ldns_rr_rd_count(rr) != 4)
		e = fail(where, ERR_FORMAT, "a trust anchor is a DS or DNSKEY record");
	else if (!dname_is_root(&owner))
		e = fail(where, ERR_FORMAT, "a trust anchor here must be the root's (its first field must be \".\")");
	else if (out->n == ANCHORS_MAX)
		e = fail(where, ERR_TOO_LONG, "more than 8 trust anchors");
	if (e)
		ldns_rr_free(rr);
	else
		out->rr[out->n++] = rr;
	return e;
}

enum err anchors_parse(struct anchors *out, const char *text, size_t len, struct hints_error *where)
{
	char line[LINE_OCTETS];
	enum err e = ERR_OK;
	*out = (struct anchors){0};
	*where = (struct hints_error){0};
	for (size_t pos = 0; !e && pos < len;) {
		const char *nl = memchr(text + pos, '\n', len - pos);
		size_t n = nl ? (size_t)(nl - text) - pos : len - pos;
		where->line++;
		if (n >= sizeof(line)) {
			e = fail(where, ERR_TOO_LONG, "a line of more than 2,047 octets");
		} else if (memchr(text + pos, '\0', n)) {
			e = fail(where, ERR_FORMAT, "a zero octet: this is no text");
		} else {
			memcpy(line, text + pos, n);
			line[n] = '\0';
			e = parse_line(out, line, where);
		}
		pos += n + 1;
	}
	where->line += where->line == 0;
	if (!e && out->n == 0)
		e = fail(where, ERR_TRUNCATED, "the file ends without a trust anchor");
	if (e)
		anchors_release(out);
	return e;
}

enum err anchors_load(struct anchors *out, const char *path, struct hints_error *where)
{
	char text[ANCHORS_MAX_FILE + 1];
	*out = (struct anchors){0};
	*where = (struct hints_error){.line = 1};
	FILE *f = fopen(path, "re");
	if (!f)
		return ERR_IO;
	enum err e;
	size_t n = fread(text, 1, sizeof(text), f);
	if (ferror(f))
		e = ERR_IO;
	else if (n > ANCHORS_MAX_FILE)
		e = fail(where, ERR_TOO_LONG, "more than 16,384 octets: no trust anchors are so long");
	else
		e = anchors_parse(out, text, n, where);
	int saved = errno;
	(void)fclose(f);
	errno = saved;
	return e;
}

void anchors_release(struct anchors *a)
{
	for (unsigned i = 0; i < a->n; i++)
		ldns_rr_free(a->rr[i]);
	*a = (struct anchors){0};
}
