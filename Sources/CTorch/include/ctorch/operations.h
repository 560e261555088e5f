// Made by scripts/generate-bindings from Sources/CTorch/operations.txt; edit that table instead.
#pragma once

#include "types.h"

CT_BEGIN

ct_error ct_add(ct_tensor self, ct_tensor other, double alpha, ct_tensor *result0);
ct_error ct_add_scalar(ct_tensor self, double scalar, ct_tensor *result0);
ct_error ct_sub(ct_tensor self, ct_tensor other, double alpha, ct_tensor *result0);
ct_error ct_sub_scalar(ct_tensor self, double scalar, ct_tensor *result0);
ct_error ct_rsub(ct_tensor self, double scalar, ct_tensor *result0);
ct_error ct_mul(ct_tensor self, ct_tensor other, ct_tensor *result0);
ct_error ct_mul_scalar(ct_tensor self, double scalar, ct_tensor *result0);
ct_error ct_div(ct_tensor self, ct_tensor other, ct_tensor *result0);
ct_error ct_div_scalar(ct_tensor self, double scalar, ct_tensor *result0);
ct_error ct_pow(ct_tensor self, double exponent, ct_tensor *result0);
ct_error ct_neg(ct_tensor self, ct_tensor *result0);
ct_error ct_abs(ct_tensor self, ct_tensor *result0);
ct_error ct_sign(ct_tensor self, ct_tensor *result0);
ct_error ct_exp(ct_tensor self, ct_tensor *result0);
ct_error ct_log(ct_tensor self, ct_tensor *result0);
ct_error ct_sqrt(ct_tensor self, ct_tensor *result0);
ct_error ct_square(ct_tensor self, ct_tensor *result0);
ct_error ct_floor(ct_tensor self, ct_tensor *result0);
ct_error ct_clamp(ct_tensor self, double min, double max, ct_tensor *result0);
ct_error ct_clamp_straight_through(ct_tensor self, double min, double max, ct_tensor *result0);
ct_error ct_lookup(ct_tensor self, ct_tensor table, ct_tensor *result0);
ct_error ct_minimum(ct_tensor self, ct_tensor other, ct_tensor *result0);
ct_error ct_eq(ct_tensor self, ct_tensor other, ct_tensor *result0);
ct_error ct_isfinite(ct_tensor self, ct_tensor *result0);
ct_error ct_relu(ct_tensor self, ct_tensor *result0);
ct_error ct_tanh(ct_tensor self, ct_tensor *result0);
ct_error ct_sigmoid(ct_tensor self, ct_tensor *result0);
ct_error ct_silu(ct_tensor self, ct_tensor *result0);
ct_error ct_sum(ct_tensor self, ct_tensor *result0);
ct_error ct_sum_dims(ct_tensor self, const int64_t *dims, size_t dims_count, bool keepdim, ct_tensor *result0);
ct_error ct_mean(ct_tensor self, ct_tensor *result0);
ct_error ct_mean_dims(ct_tensor self, const int64_t *dims, size_t dims_count, bool keepdim, ct_tensor *result0);
ct_error ct_argmax(ct_tensor self, int64_t dim, ct_tensor *result0);
ct_error ct_all(ct_tensor self, ct_tensor *result0);
ct_error ct_trace(ct_tensor self, ct_tensor *result0);
ct_error ct_dot(ct_tensor self, ct_tensor other, ct_tensor *result0);
ct_error ct_norm(ct_tensor self, ct_tensor *result0);
ct_error ct_matmul(ct_tensor self, ct_tensor other, ct_tensor *result0);
ct_error ct_mv(ct_tensor self, ct_tensor vector, ct_tensor *result0);
ct_error ct_linear(ct_tensor self, ct_tensor weight, ct_tensor bias, ct_tensor *result0);
ct_error ct_linear_relu(ct_tensor self, ct_tensor weight, ct_tensor bias, ct_tensor beside, ct_tensor *result0);
ct_error ct_linalg_qr(ct_tensor self, ct_tensor *result0, ct_tensor *result1);
ct_error ct_linalg_eigh(ct_tensor self, ct_tensor *result0, ct_tensor *result1);
ct_error ct_linalg_eigvalsh(ct_tensor self, ct_tensor *result0);
ct_error ct_conv2d(ct_tensor self, ct_tensor weight, ct_tensor bias, const int64_t *stride, size_t stride_count, const int64_t *padding, size_t padding_count, const int64_t *dilation, size_t dilation_count, int64_t groups, ct_tensor *result0);
ct_error ct_conv_transpose2d(ct_tensor self, ct_tensor weight, ct_tensor bias, const int64_t *stride, size_t stride_count, const int64_t *padding, size_t padding_count, const int64_t *output_padding, size_t output_padding_count, const int64_t *dilation, size_t dilation_count, int64_t groups, ct_tensor *result0);
ct_error ct_avg_pool2d(ct_tensor self, const int64_t *kernel, size_t kernel_count, const int64_t *stride, size_t stride_count, ct_tensor *result0);
ct_error ct_max_pool2d(ct_tensor self, const int64_t *kernel, size_t kernel_count, const int64_t *stride, size_t stride_count, ct_tensor *result0);
ct_error ct_upsample_nearest2d(ct_tensor self, const int64_t *size, size_t size_count, ct_tensor *result0);
ct_error ct_upsample_bilinear2d(ct_tensor self, const int64_t *size, size_t size_count, bool align_corners, ct_tensor *result0);
ct_error ct_pad_constant(ct_tensor self, const int64_t *padding, size_t padding_count, double value, ct_tensor *result0);
ct_error ct_batch_norm(ct_tensor self, ct_tensor weight, ct_tensor bias, ct_tensor running_mean, ct_tensor running_var, bool training, double momentum, double eps, ct_tensor *result0);
ct_error ct_layer_norm(ct_tensor self, const int64_t *normalized_shape, size_t normalized_shape_count, ct_tensor weight, ct_tensor bias, double eps, ct_tensor *result0);
ct_error ct_cross_entropy_loss(ct_tensor self, ct_tensor target, ct_tensor *result0);
ct_error ct_mse_loss(ct_tensor self, ct_tensor target, ct_tensor *result0);
ct_error ct_reshape(ct_tensor self, const int64_t *shape, size_t shape_count, ct_tensor *result0);
ct_error ct_flatten(ct_tensor self, int64_t start_dim, int64_t end_dim, ct_tensor *result0);
ct_error ct_permute(ct_tensor self, const int64_t *dims, size_t dims_count, ct_tensor *result0);
ct_error ct_transpose(ct_tensor self, int64_t dim0, int64_t dim1, ct_tensor *result0);
ct_error ct_diagonal(ct_tensor self, ct_tensor *result0);
ct_error ct_flip(ct_tensor self, const int64_t *dims, size_t dims_count, ct_tensor *result0);
ct_error ct_squeeze(ct_tensor self, int64_t dim, ct_tensor *result0);
ct_error ct_narrow(ct_tensor self, int64_t dim, int64_t start, int64_t length, ct_tensor *result0);
ct_error ct_select(ct_tensor self, int64_t dim, int64_t index, ct_tensor *result0);
ct_error ct_index_select(ct_tensor self, ct_tensor index, int64_t dim, ct_tensor *result0);
ct_error ct_cat(const ct_tensor *tensors, size_t tensors_count, int64_t dim, ct_tensor *result0);
ct_error ct_expand(ct_tensor self, const int64_t *shape, size_t shape_count, ct_tensor *result0);
ct_error ct_zeros_like(ct_tensor self, ct_tensor *result0);
ct_error ct_clone(ct_tensor self, ct_tensor *result0);
ct_error ct_detach(ct_tensor self, ct_tensor *result0);
ct_error ct_contiguous(ct_tensor self, ct_memory_format format, ct_tensor *result0);
ct_error ct_to(ct_tensor self, ct_dtype dtype, ct_tensor *result0);
ct_error ct_copy_in_place(ct_tensor self, ct_tensor source);
ct_error ct_add_in_place_scalar(ct_tensor self, double scalar);
ct_error ct_add_in_place(ct_tensor self, ct_tensor other, double alpha);
ct_error ct_fill_in_place(ct_tensor self, double value);
ct_error ct_zero_in_place(ct_tensor self);
ct_error ct_normal_in_place(ct_tensor self, double mean, double std, ct_generator generator);
ct_error ct_uniform_in_place(ct_tensor self, double from, double to, ct_generator generator);
ct_error ct_random_in_place(ct_tensor self, int64_t from, int64_t to, ct_generator generator);
ct_error ct_foreach_lerp_in_place(const ct_tensor *tensors, size_t tensors_count, const ct_tensor *ends, size_t ends_count, double weight);
ct_error ct_foreach_copy_in_place(const ct_tensor *tensors, size_t tensors_count, const ct_tensor *sources, size_t sources_count);
ct_error ct_foreach_add_in_place(const ct_tensor *tensors, size_t tensors_count, double scalar);
ct_error ct_fused_adamw_in_place(const ct_tensor *parameters, size_t parameters_count, const ct_tensor *gradients, size_t gradients_count, const ct_tensor *exp_avgs, size_t exp_avgs_count, const ct_tensor *exp_avg_sqs, size_t exp_avg_sqs_count, const ct_tensor *steps, size_t steps_count, double lr, double beta1, double beta2, double weight_decay, double eps);

CT_END
