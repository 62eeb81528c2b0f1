/* The result as JSON. */
#include <jansson.h>
#include <stdlib.h>

#include "sshview.h"

static json_t *host_json(const struct result *r)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "name", r->name, "verdict",
	    host_verdict_word(r->verdict), "type", r->host_type, "fingerprint", r->fingerprint, "algorithm",
	    r->chosen.hostkey, "accepted", r->host_accepted, "written", r->host_written);

	if (o && r->known_line) {
		json_object_set_new(o, "file", json_string(r->known_file));
		json_object_set_new(o, "line", json_integer((json_int_t)r->known_line));
		json_object_set_new(o, "marker", json_string(kh_marker_word(r->known_marker)));
		json_object_set_new(o, "type_on_file", json_string(r->known_type));
	}
	if (o && r->portless_line)
		json_object_set_new(o, "portless_line", json_integer((json_int_t)r->portless_line));
	return o;
}

static json_t *command_json(const struct result *r)
{
	json_t *o = json_pack("{s:b, s:I, s:I, s:I}", "ran", r->ran, "output", (json_int_t)r->out_octets,
	    "diagnostics", (json_int_t)r->err_octets, "input", (json_int_t)r->in_octets);

	if (o && r->exited)
		json_object_set_new(o, "exit_status", json_integer(r->exit_status));
	if (o && r->signalled)
		json_object_set_new(o, "signal", json_string(r->signal));
	return o;
}

char *report_data(const struct result *r)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s, s:b, s:b, s:I}, s:o, s:{s:b, s:s, s:s}, s:o}", "end",
	    r->end, "peer", r->peer, "server", r->server, "transport", "kex", r->chosen.kex, "cipher_out",
	    r->chosen.cipher_out, "cipher_in", r->chosen.cipher_in, "strict_kex", r->strict_kex, "encrypted",
	    r->encrypted, "rekeyed", (json_int_t)r->rekeyed, "host", host_json(r), "user", "logged_in", r->logged_in,
	    "method", r->method, "key", r->user_key, "command", command_json(r));
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}
