/* glasslab demo: plays one scene. */
#include <stdio.h>
#include <string.h>

#include "demo.h"
#include "verbs.h"
#include "why.h"

static const struct scene *const scenes[] = {
    &scene_lookup, &scene_freewifi, &scene_dh, &scene_nat, &scene_download, &scene_ssh};

const struct scene *scene_at(size_t i)
{
	return i < sizeof(scenes) / sizeof(scenes[0]) ? scenes[i] : NULL;
}

/* Options that only some scenes have. */
static const char *const own_options[] = {"cell", "story", "matrix", "list"};

static int play(struct cli *c, const char *lab_name, const char *data_dir, const struct scene *scene)
{
	int status = scene->options ? scene->options(c, data_dir) : -1;

	for (size_t i = 0; !scene->options && i < sizeof(own_options) / sizeof(own_options[0]); i++)
		if (cli_has(c, own_options[i]))
			return cli_usage(c, "the scene '%s' has no --%s", scene->name, own_options[i]);
	return status >= 0 ? status : demo_main(c, lab_name, data_dir, scene);
}

int verb_demo(struct cli *c)
{
	char there[256] = "";
	struct places places;
	struct why w = {0};
	const char *name = lab_name(c);

	if (!name)
		return EXIT_USAGE;
	enum err e = places_find(&places, cli_get(c, "data"), &w);
	if (e != ERR_OK)
		return cli_fail(c, e, "%s", w.text);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		if (strcmp(scenes[i]->name, c->argv[0]) == 0)
			return play(c, name, places.data, scenes[i]);
	for (size_t i = 0, at = 0; i < sizeof(scenes) / sizeof(scenes[0]) && at < sizeof(there); i++)
		at += (size_t)snprintf(there + at, sizeof(there) - at, "%s%s", i ? ", " : "", scenes[i]->name);
	return cli_usage(c, "there is no scene '%s'; there is %s", c->argv[0], there);
}
