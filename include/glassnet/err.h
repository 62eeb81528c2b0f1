/* Errors: one code, one name, one sentence, one reference.
 *
 * Every function of Glassnet that can fail returns an enum err. The table in tools/lib/wire/err.c says what a
 * code means in plain words; which exit status a tool ends with is decided by err_exit() and nowhere else. */
#ifndef GLASSNET_ERR_H
#define GLASSNET_ERR_H

#include <stddef.h>

#define MUST_USE               __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum err {
	ERR_OK = 0,
	/* the bytes are not what the protocol says */
	ERR_TRUNCATED, /* the data ends before the field does */
	ERR_LOOP,      /* a compression pointer does not point backwards */
	ERR_FORMAT,    /* a field has a value that it must not have */
	ERR_TOO_LONG,  /* a name, list or message is over its limit */
	ERR_VERSION,   /* a version or type that is not known here */
	/* the network */
	ERR_TIMEOUT, /* no answer came in time */
	ERR_REFUSED, /* the other side said no at once */
	ERR_UNREACHABLE,
	ERR_CLOSED, /* the other side closed the connection too early */
	ERR_NET,    /* another network error; errno tells */
	/* the resolver */
	ERR_BUDGET, /* a bound on work was reached: loops, depth, number of queries */
	ERR_LAME,   /* no server of a zone gives a usable answer */
	/* the machine */
	ERR_PERM,        /* not permitted */
	ERR_IO,          /* a file could not be read or written; errno tells */
	ERR_NOMEM,       /* out of memory */
	ERR_UNSUPPORTED, /* this machine or library lacks something that is needed */
	ERR_USAGE,       /* the command line is wrong */
	ERR_NEGATIVE,    /* a valid answer, and it is no */
	ERR_INTERNAL,
	ERR_COUNT
};

/* The exit status of a tool; the same in all of them. */
enum exit_status {
	EXIT_YES = 0,       /* yes, or success */
	EXIT_NO = 1,        /* a valid negative answer: NXDOMAIN, certificate refused, attack not thwarted */
	EXIT_USAGE = 2,     /* wrong command line */
	EXIT_NETWORK = 3,   /* network or timeout */
	EXIT_MALFORMED = 4, /* malformed input; the message names file and offset */
	EXIT_INTERNAL = 5   /* I/O or internal */
};

/* The short name of a code ("truncated"); never NULL. */
const char *err_name(enum err e);

/* What it means, one sentence in plain words; never NULL. */
const char *err_text(enum err e);

/* Where it is written ("RFC 1035 4.1.4"), or "" where there is no such place. */
const char *err_ref(enum err e);

/* The exit status that a tool ends with when e is what went wrong. */
enum exit_status err_exit(enum err e);

#endif
