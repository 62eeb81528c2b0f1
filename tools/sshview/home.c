/* Where a user's SSH files are. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "home.h"

#define LAB_USER "/run/glassnet/user"

static bool ssh_dir(char *out, size_t cap)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (getenv("GLASSNET_HOST") && access("/run/glassnet", W_OK) == 0)
		return snprintf(out, cap, "%s/.ssh", LAB_USER) < (int)cap;
	if (!home || !*home)
		home = (pw = getpwuid(getuid())) ? pw->pw_dir : NULL;
	return home && snprintf(out, cap, "%s/.ssh", home) < (int)cap;
}

bool home_ssh_file(char *out, size_t cap, const char *name)
{
	size_t n;

	if (!ssh_dir(out, cap))
		return false;
	n = strlen(out);
	return snprintf(out + n, cap - n, "/%s", name) < (int)(cap - n);
}

void home_make_ssh_dir(void)
{
	char dir[4096];

	if (!ssh_dir(dir, sizeof(dir)))
		return;
	if (strncmp(dir, LAB_USER, strlen(LAB_USER)) == 0)
		(void)!mkdir(LAB_USER, 0700);
	(void)!mkdir(dir, 0700);
}
