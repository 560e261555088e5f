#include "ctorch.h"

#include <torch/headeronly/version.h>

const char *ct_version(void) { return TORCH_VERSION; }
