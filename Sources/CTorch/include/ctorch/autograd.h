// Gradients, grad mode and automatic mixed precision.
#pragma once

#include "types.h"

CT_BEGIN

/// Makes a leaf record, or not record, what is done with it.
ct_error ct_set_requires_grad(ct_tensor tensor, bool requires_grad);

/// Whether gradients flow to or through a tensor.
bool ct_requires_grad(ct_tensor tensor);

/// Adds d(tensor)/d(leaf) to the gradient of every leaf; `tensor` has one element.
ct_error ct_backward(ct_tensor tensor);

/// The gradient that backward left; a handle with a null `ctx` where there is none.
ct_error ct_grad(ct_tensor tensor, ct_tensor *result);

/// Forgets the gradient.
ct_error ct_clear_grad(ct_tensor tensor);

/// d(output)/d(inputs[i]) into `results`, touching no other gradient; an input that the output does not depend on gets
/// a null handle.
ct_error ct_gradients(ct_tensor output, const ct_tensor *inputs, size_t count, ct_tensor *results);

/// Switches recording for this thread and returns what it was.
bool ct_set_grad_enabled(bool enabled);

/// Switches automatic mixed precision on a device kind for this thread; `was` gets the former state.
ct_error ct_set_autocast(ct_device_kind device, bool enabled, ct_dtype dtype, bool *was);

/// Forgets the casts of weights that autocast keeps.
ct_error ct_clear_autocast_cache(void);

CT_END
