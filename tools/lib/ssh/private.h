/* What the files of the SSH library share. */
#ifndef GLASSNET_LIB_SSH_PRIVATE_H
#define GLASSNET_LIB_SSH_PRIVATE_H

#include <openssl/param_build.h>
#include <stdio.h>

#include "glassnet/ssh_key.h"

/* An OpenSSL key from its parts; NULL: they are none. */
EVP_PKEY *sshkey_evp(const char *kind, OSSL_PARAM_BLD *bld, int selection);
/* OpenSSL's and SSH's name of the curve of an ECDSA type. */
const char *sshkey_group(enum sshkey_type type);
const char *sshkey_curve(enum sshkey_type type);

#endif
