#pragma once

/// libtorch's version, such as "2.13.0".
const char *ct_version(void);
