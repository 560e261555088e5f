/// A C interface to the part of libtorch that pbtnas uses. No C++ type and no exception crosses it.
#pragma once

#include "ctorch/autograd.h"
#include "ctorch/operations.h"
#include "ctorch/runtime.h"
#include "ctorch/tensor.h"
#include "ctorch/types.h"
