#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/// libtorch's version, such as "2.13.0".
const char *ct_version(void);

#ifdef __cplusplus
}
#endif
