/* The result as JSON. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"
#include "tlsview.h"

static void put(json_t *o, const char *key, const char *text)
{
	json_t *s = json_string(text);

	if (!s) { /* not UTF-8 */
		char clean[1024];

		s = json_string(escape_text(clean, sizeof(clean), text, strlen(text)));
	}
	json_object_set_new(o, key, s ? s : json_null());
}

static void put_optional(json_t *o, const char *key, const char *text)
{
	if (text[0])
		put(o, key, text);
	else
		json_object_set_new(o, key, json_null());
}

static json_t *check_json(const struct check *c)
{
	static const char *const verdicts[] = {"pass", "fail", "skip"};
	json_t *o = json_object();

	put(o, "question", c->question);
	put(o, "id", c->id);
	put(o, "verdict", verdicts[c->verdict]);
	if (c->depth >= 0)
		json_object_set_new(o, "certificate", json_integer(c->depth));
	put(o, "text", c->text);
	return o;
}

static json_t *cert_json(const struct x509_info *c, bool sent)
{
	json_t *o = json_object();

	put(o, "subject", c->subject);
	put(o, "issuer", c->issuer);
	put(o, "names", c->names);
	put(o, "not_before", c->not_before);
	put(o, "not_after", c->not_after);
	put(o, "key", c->key);
	put(o, "signature", c->signature);
	put(o, "serial", c->serial);
	put(o, "sha256", c->sha256);
	json_object_set_new(o, "ca", json_boolean(c->ca));
	json_object_set_new(o, "self_issued", json_boolean(c->self_issued));
	json_object_set_new(o, "sent_by_server", json_boolean(sent));
	return o;
}

static json_t *list(size_t n, const void *items, size_t size, json_t *(*one)(const void *))
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, one((const char *)items + i * size));
	return a;
}

static json_t *one_check(const void *p)
{
	return check_json(p);
}

static json_t *chain_json(const struct chain *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(a, cert_json(&c->cert[i].info, c->cert[i].sent));
	return a;
}

static json_t *one_name(const void *p)
{
	return json_string(p);
}

/* The reply as text where it is text, else as hex. */
static void put_reply(json_t *o, const struct result *res)
{
	if (!res->reply)
		return;
	json_t *text =
	    memchr(res->reply, 0, res->data_in) ? NULL : json_stringn((const char *)res->reply, res->data_in);

	if (text) {
		json_object_set_new(o, "reply", text);
	} else {
		size_t cap = res->data_in * 2 + 1;
		char *hex = malloc(cap);

		if (hex)
			put(o, "reply_hex", hex_text(hex, cap, res->reply, res->data_in));
		free(hex);
	}
	json_object_set_new(o, "reply_cut", json_boolean(res->reply_cut));
}

char *report_data(const struct result *res)
{
	json_t *o = json_object();

	json_object_set_new(o, "accepted", json_boolean(res->accepted));
	json_object_set_new(o, "insecure", json_boolean(res->insecure));
	put(o, "name", res->name);
	put_optional(o, "peer", res->peer);
	put_optional(o, "protocol", res->protocol);
	put_optional(o, "cipher", res->cipher);
	put_optional(o, "group", res->group);
	put_optional(o, "alpn", res->alpn);
	json_object_set_new(o, "resumed", json_boolean(res->resumed));
	json_object_set_new(o, "keys",
	    json_pack("{s:i, s:i, s:i, s:b}", "computed", (int)res->keys.computed, "logged", (int)res->keys.logged,
	        "same", (int)res->keys.same, "differ", res->keys.differs));
	put_optional(o, "trusted_root", res->chain.anchor);
	json_object_set_new(
	    o, "checks", list(res->checks.n, res->checks.item, sizeof(res->checks.item[0]), one_check));
	json_object_set_new(o, "chain", chain_json(&res->chain));
	json_object_set_new(o, "sent_messages", list(res->n_sent, res->sent, sizeof(res->sent[0]), one_name));
	json_object_set_new(o, "sent_bytes", json_integer((json_int_t)res->data_out));
	json_object_set_new(o, "received_bytes", json_integer((json_int_t)res->data_in));
	json_object_set_new(o, "wire_out", json_integer((json_int_t)res->wire_out));
	json_object_set_new(o, "wire_in", json_integer((json_int_t)res->wire_in));
	put_reply(o, res);
	char *text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}
