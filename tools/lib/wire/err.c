/* What each error code means: its name, one sentence, one reference, one exit status. */
#include "glassnet/err.h"

static const struct {
	const char *name, *text, *ref;
	enum exit_status exit;
} table[ERR_COUNT] = {
    [ERR_OK] = {"ok", "all went well", "", EXIT_YES},
    [ERR_TRUNCATED] = {"truncated", "the data ends in the middle of a field", "", EXIT_MALFORMED},
    [ERR_LOOP] = {"loop", "a compression pointer does not point backwards", "RFC 1035 4.1.4", EXIT_MALFORMED},
    [ERR_FORMAT] = {"format", "a field holds a value that its format does not allow", "", EXIT_MALFORMED},
    [ERR_TOO_LONG] = {"too-long", "something is longer than its limit", "", EXIT_MALFORMED},
    [ERR_VERSION] = {"version", "a version or type that is not known here", "", EXIT_MALFORMED},
    [ERR_TIMEOUT] = {"timeout", "no answer came in time", "", EXIT_NETWORK},
    [ERR_REFUSED] = {"refused", "the other side refused the connection", "RFC 9293 3.5.2", EXIT_NETWORK},
    [ERR_UNREACHABLE] = {"unreachable", "there is no way to that address", "RFC 792", EXIT_NETWORK},
    [ERR_CLOSED] = {"closed", "the other side is gone", "", EXIT_NETWORK},
    [ERR_NET] = {"network", "the network reported an error", "", EXIT_NETWORK},
    [ERR_BUDGET] = {"budget", "the limit on work for one question was reached", "", EXIT_NETWORK},
    [ERR_LAME] = {"lame", "no server of the zone gives a usable answer", "RFC 1912 2.8", EXIT_NETWORK},
    [ERR_PERM] = {"permission", "this is not permitted", "", EXIT_INTERNAL},
    [ERR_IO] = {"io", "a file could not be read or written", "", EXIT_INTERNAL},
    [ERR_NOMEM] = {"memory", "there is not enough memory", "", EXIT_INTERNAL},
    [ERR_UNSUPPORTED] = {"unsupported", "this machine or library lacks something that is needed", "", EXIT_INTERNAL},
    [ERR_USAGE] = {"usage", "the command line is wrong", "", EXIT_USAGE},
    [ERR_NEGATIVE] = {"negative", "the answer is no", "", EXIT_NO},
    [ERR_INTERNAL] = {"internal", "a mistake in Glassnet itself", "", EXIT_INTERNAL},
};

static enum err known(enum err e)
{
	return (unsigned)e < ERR_COUNT && table[e].name ? e : ERR_INTERNAL;
}

const char *err_name(enum err e)
{
	return table[known(e)].name;
}

const char *err_text(enum err e)
{
	return table[known(e)].text;
}

const char *err_ref(enum err e)
{
	return table[known(e)].ref;
}

enum exit_status err_exit(enum err e)
{
	return table[known(e)].exit;
}
