/* Reading a secret. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "secret.h"

/* One line without its end, octet by octet: what follows belongs to whoever reads next. */
static enum err read_line(char *buf, size_t *len, const char **why)
{
	ssize_t n;
	char c = 0;

	*len = 0;
	while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
		*why = c == '\0' ? "it holds a NUL" : *len == SECRET_MAX ? "it has more than 1,024 octets" : NULL;
		if (*why)
			return ERR_FORMAT;
		buf[(*len)++] = c;
	}
	if (n < 0)
		return errno == EINTR ? ERR_CLOSED : ERR_IO;
	buf[*len] = '\0';
	*why = "it is empty";
	return *len ? ERR_OK : ERR_FORMAT;
}

/* The terminal echoes nothing meanwhile; also Ctrl-C brings the echo back. */
static enum err ask(const char *prompt, const char *again, char *buf, size_t *len, const char **why)
{
	struct termios before, quiet;
	bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;

	if (terminal) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		fprintf(stderr, "%s%s: ", prompt, again);
		fflush(stderr);
	}
	enum err e = read_line(buf, len, why);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	return e;
}

enum err secret_read(char **out, size_t *len, const char *prompt, bool twice, const char **why)
{
	char *buf = sodium_malloc(SECRET_MAX + 1), *second = sodium_malloc(SECRET_MAX + 1);
	size_t second_len;
	enum err e = buf && second ? ask(prompt, "", buf, len, why) : ERR_NOMEM;

	if (e == ERR_OK && twice && isatty(STDIN_FILENO)) {
		e = ask(prompt, ", again", second, &second_len, why);
		if (e == ERR_OK && (second_len != *len || sodium_memcmp(buf, second, *len) != 0)) {
			*why = "the two are not the same";
			e = ERR_FORMAT;
		}
	}
	sodium_free(second);
	if (e != ERR_OK) {
		sodium_free(buf);
		buf = NULL;
	}
	*out = buf;
	return e;
}
