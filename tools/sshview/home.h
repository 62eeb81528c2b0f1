/* Where a user's SSH files are. */
#ifndef SSHVIEW_HOME_H
#define SSHVIEW_HOME_H

#include <stdbool.h>
#include <stddef.h>

/* ~/.ssh/NAME; on a host of the lab that host's own folder, since the home there is the learner's real one. False: it
 * does not fit, or there is no home. */
bool home_ssh_file(char *out, size_t cap, const char *name);
/* Makes the folder, for its owner only, where there is none. */
void home_make_ssh_dir(void);

#endif
