#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verbs.h"

static bool is_data(const char *dir)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/topology.conf", dir);
	return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
}

enum err places_bin(char out[static PATH_MAX], struct why *w)
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	if (n <= 0)
		return why_errno(w, ERR_IO, "/proc/self/exe cannot be read");
	out[n] = '\0';
	*strrchr(out, '/') = '\0';
	return ERR_OK;
}

enum err places_find(struct places *out, const char *data_option, struct why *w)
{
	/* from build/bin, build/asan/bin, PREFIX/bin */
	static const char *const beside[] = {"../../lab", "../../../lab", "../share/glassnet"};
	enum err e = places_bin(out->bin, w);
	if (e != ERR_OK)
		return e;
	if (data_option)
		return realpath(data_option, out->data)
		           ? ERR_OK
		           : why_errno(w, ERR_IO, "--data %s cannot be read", data_option);
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
		char path[PATH_MAX + 32];
		snprintf(path, sizeof path, "%s/%s", out->bin, beside[i]);
		if (strlen(path) < PATH_MAX && is_data(path) && realpath(path, out->data))
			return ERR_OK;
	}
	return why(
	    w, ERR_IO, "the lab's data (topology.conf) is not beside %s; --data DIR says where it is", out->bin);
}

const char *lab_name(struct cli *c)
{
	const char *name = cli_get(c, "lab");
	if (!name)
		name = getenv("GLASSNET_LAB");
	if (!name)
		name = LAB_DEFAULT_NAME;
	size_t len = strlen(name);
	if (len > 0 && len < LAB_NAME_MAX &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len)
		return name;
	cli_usage(c, "a lab's name has 1 to %d letters, digits, '-', '_' and '.', not '%s'", LAB_NAME_MAX - 1, name);
	return NULL;
}

int load_topology(struct cli *c, struct places *places, struct topology *t)
{
	struct why w = {""};
	char path[PATH_MAX + 32];
	enum err e = places_find(places, cli_get(c, "data"), &w);
	snprintf(path, sizeof path, "%s/topology.conf", places->data);
	if (e == ERR_OK)
		e = topology_load(t, path, &w);
	return e == ERR_OK ? EXIT_YES : cli_fail(c, e, "%s", w.text);
}

struct lab *open_lab(struct cli *c, int *status)
{
	struct lab *lab;
	const char *name = lab_name(c);
	if (!name) {
		*status = EXIT_USAGE;
		return NULL;
	}
	enum err e = lab_open(&lab, name);
	if (e == ERR_OK)
		return lab;
	if (e == ERR_CLOSED)
		*status = cli_fail(c, e, "no lab called \"%s\" runs here; `glasslab up` starts one", name);
	else
		*status = cli_fail(c, e, "the lab \"%s\" cannot be asked: %s", name, err_text(e));
	return NULL;
}

int find_host(struct cli *c, const struct lab *lab, const char *name)
{
	char list[1024] = "";
	int i = lab_find_host(lab, name);
	if (i >= 0)
		return i;
	for (size_t k = 0; k < lab_n_hosts(lab); k++)
		snprintf(
		    list + strlen(list), sizeof list - strlen(list), "%s%s", k ? ", " : "", lab_host_name(lab, k));
	cli_usage(c, "the lab has no host '%s'; it has %s", name, list);
	return -1;
}
