/* cmocka with what it needs before it. */
#ifndef GLASSNET_TORTURE_H
#define GLASSNET_TORTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
