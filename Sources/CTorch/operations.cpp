// Made by scripts/generate-bindings from Sources/CTorch/operations.txt; edit that table instead.
#include "ctorch.h"
#include "private/clamp.h"
#include "private/convert.h"
#include "private/images.h"
#include "private/linear.h"
#include "private/tanh.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/all.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/clone.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/detach.h>
#include <ATen/ops/diagonal.h>
#include <ATen/ops/div.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/floor.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/log.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/narrow.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/permute.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/select.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/square.h>
#include <ATen/ops/squeeze.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/trace.h>
#include <ATen/ops/transpose.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/zeros_like.h>

ct_error ct_add(ct_tensor self, ct_tensor other, double alpha, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&other_ = ref(other);
    auto &&alpha_ = number(alpha);
    *result0 = make(at::add(self_, other_, alpha_));
  });
}

ct_error ct_add_scalar(ct_tensor self, double scalar, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&scalar_ = number(scalar);
    *result0 = make(at::add(self_, scalar_));
  });
}

ct_error ct_sub(ct_tensor self, ct_tensor other, double alpha, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&other_ = ref(other);
    auto &&alpha_ = number(alpha);
    *result0 = make(at::sub(self_, other_, alpha_));
  });
}

ct_error ct_sub_scalar(ct_tensor self, double scalar, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&scalar_ = number(scalar);
    *result0 = make(at::sub(self_, scalar_));
  });
}

ct_error ct_rsub(ct_tensor self, double scalar, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&scalar_ = number(scalar);
    *result0 = make(at::rsub(self_, scalar_));
  });
}

ct_error ct_mul(ct_tensor self, ct_tensor other, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&other_ = ref(other);
    *result0 = make(at::mul(self_, other_));
  });
}

ct_error ct_mul_scalar(ct_tensor self, double scalar, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&scalar_ = number(scalar);
    *result0 = make(at::mul(self_, scalar_));
  });
}

ct_error ct_div(ct_tensor self, ct_tensor other, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&other_ = ref(other);
    *result0 = make(at::div(self_, other_));
  });
}

ct_error ct_div_scalar(ct_tensor self, double scalar, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&scalar_ = number(scalar);
    *result0 = make(at::div(self_, scalar_));
  });
}

ct_error ct_pow(ct_tensor self, double exponent, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&exponent_ = number(exponent);
    *result0 = make(at::pow(self_, exponent_));
  });
}

ct_error ct_neg(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::neg(self_));
  });
}

ct_error ct_abs(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::abs(self_));
  });
}

ct_error ct_sign(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::sign(self_));
  });
}

ct_error ct_exp(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::exp(self_));
  });
}

ct_error ct_log(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::log(self_));
  });
}

ct_error ct_sqrt(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::sqrt(self_));
  });
}

ct_error ct_square(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::square(self_));
  });
}

ct_error ct_floor(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::floor(self_));
  });
}

ct_error ct_clamp(ct_tensor self, double min, double max, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&min_ = number(min);
    auto &&max_ = number(max);
    *result0 = make(at::clamp(self_, min_, max_));
  });
}

ct_error ct_clamp_straight_through(ct_tensor self, double min, double max, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&min_ = min;
    auto &&max_ = max;
    *result0 = make(ctorch::clamp_straight_through(self_, min_, max_));
  });
}

ct_error ct_lookup(ct_tensor self, ct_tensor table, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&table_ = ref(table);
    *result0 = make(ctorch::lookup(self_, table_));
  });
}

ct_error ct_minimum(ct_tensor self, ct_tensor other, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&other_ = ref(other);
    *result0 = make(at::minimum(self_, other_));
  });
}

ct_error ct_eq(ct_tensor self, ct_tensor other, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&other_ = ref(other);
    *result0 = make(at::eq(self_, other_));
  });
}

ct_error ct_isfinite(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::isfinite(self_));
  });
}

ct_error ct_relu(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::relu(self_));
  });
}

ct_error ct_tanh(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(ctorch::tanh(self_));
  });
}

ct_error ct_sigmoid(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::sigmoid(self_));
  });
}

ct_error ct_silu(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::silu(self_));
  });
}

ct_error ct_sum(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::sum(self_));
  });
}

ct_error ct_sum_dims(ct_tensor self, const int64_t *dims, size_t dims_count, bool keepdim, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dims_ = at::IntArrayRef(dims, dims_count);
    auto &&keepdim_ = keepdim;
    *result0 = make(at::sum(self_, dims_, keepdim_));
  });
}

ct_error ct_mean(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::mean(self_));
  });
}

ct_error ct_mean_dims(ct_tensor self, const int64_t *dims, size_t dims_count, bool keepdim, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dims_ = at::IntArrayRef(dims, dims_count);
    auto &&keepdim_ = keepdim;
    *result0 = make(at::mean(self_, dims_, keepdim_));
  });
}

ct_error ct_argmax(ct_tensor self, int64_t dim, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dim_ = dim;
    *result0 = make(at::argmax(self_, dim_));
  });
}

ct_error ct_all(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::all(self_));
  });
}

ct_error ct_trace(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::trace(self_));
  });
}

ct_error ct_dot(ct_tensor self, ct_tensor other, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&other_ = ref(other);
    *result0 = make(at::dot(self_, other_));
  });
}

ct_error ct_norm(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::norm(self_));
  });
}

ct_error ct_matmul(ct_tensor self, ct_tensor other, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&other_ = ref(other);
    *result0 = make(at::matmul(self_, other_));
  });
}

ct_error ct_mv(ct_tensor self, ct_tensor vector, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&vector_ = ref(vector);
    *result0 = make(at::mv(self_, vector_));
  });
}

ct_error ct_linear(ct_tensor self, ct_tensor weight, ct_tensor bias, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&weight_ = ref(weight);
    auto &&bias_ = optional_ref(bias);
    *result0 = make(ctorch::linear(self_, weight_, bias_));
  });
}

ct_error ct_linear_relu(ct_tensor self, ct_tensor weight, ct_tensor bias, ct_tensor beside, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&weight_ = ref(weight);
    auto &&bias_ = optional_ref(bias);
    auto &&beside_ = optional_ref(beside);
    *result0 = make(ctorch::linear_relu(self_, weight_, bias_, beside_));
  });
}

ct_error ct_linalg_qr(ct_tensor self, ct_tensor *result0, ct_tensor *result1) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto results = at::linalg_qr(self_);
    *result0 = make(std::get<0>(results));
    *result1 = make(std::get<1>(results));
  });
}

ct_error ct_linalg_eigh(ct_tensor self, ct_tensor *result0, ct_tensor *result1) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto results = at::linalg_eigh(self_);
    *result0 = make(std::get<0>(results));
    *result1 = make(std::get<1>(results));
  });
}

ct_error ct_linalg_eigvalsh(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::linalg_eigvalsh(self_));
  });
}

ct_error ct_conv2d(ct_tensor self, ct_tensor weight, ct_tensor bias, const int64_t *stride, size_t stride_count, const int64_t *padding, size_t padding_count, const int64_t *dilation, size_t dilation_count, int64_t groups, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&weight_ = ref(weight);
    auto &&bias_ = optional_ref(bias);
    auto &&stride_ = at::IntArrayRef(stride, stride_count);
    auto &&padding_ = at::IntArrayRef(padding, padding_count);
    auto &&dilation_ = at::IntArrayRef(dilation, dilation_count);
    auto &&groups_ = groups;
    *result0 = make(at::conv2d(self_, weight_, bias_, stride_, padding_, dilation_, groups_));
  });
}

ct_error ct_conv_transpose2d(ct_tensor self, ct_tensor weight, ct_tensor bias, const int64_t *stride, size_t stride_count, const int64_t *padding, size_t padding_count, const int64_t *output_padding, size_t output_padding_count, const int64_t *dilation, size_t dilation_count, int64_t groups, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&weight_ = ref(weight);
    auto &&bias_ = optional_ref(bias);
    auto &&stride_ = at::IntArrayRef(stride, stride_count);
    auto &&padding_ = at::IntArrayRef(padding, padding_count);
    auto &&output_padding_ = at::IntArrayRef(output_padding, output_padding_count);
    auto &&dilation_ = at::IntArrayRef(dilation, dilation_count);
    auto &&groups_ = groups;
    *result0 = make(at::conv_transpose2d(self_, weight_, bias_, stride_, padding_, output_padding_, groups_, dilation_));
  });
}

ct_error ct_avg_pool2d(ct_tensor self, const int64_t *kernel, size_t kernel_count, const int64_t *stride, size_t stride_count, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&kernel_ = at::IntArrayRef(kernel, kernel_count);
    auto &&stride_ = at::IntArrayRef(stride, stride_count);
    *result0 = make(at::avg_pool2d(self_, kernel_, stride_));
  });
}

ct_error ct_max_pool2d(ct_tensor self, const int64_t *kernel, size_t kernel_count, const int64_t *stride, size_t stride_count, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&kernel_ = at::IntArrayRef(kernel, kernel_count);
    auto &&stride_ = at::IntArrayRef(stride, stride_count);
    *result0 = make(at::max_pool2d(self_, kernel_, stride_));
  });
}

ct_error ct_upsample_nearest2d(ct_tensor self, const int64_t *size, size_t size_count, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&size_ = at::IntArrayRef(size, size_count);
    *result0 = make(at::upsample_nearest2d(self_, size_));
  });
}

ct_error ct_upsample_bilinear2d(ct_tensor self, const int64_t *size, size_t size_count, bool align_corners, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&size_ = at::IntArrayRef(size, size_count);
    auto &&align_corners_ = align_corners;
    *result0 = make(at::upsample_bilinear2d(self_, size_, align_corners_));
  });
}

ct_error ct_pad_constant(ct_tensor self, const int64_t *padding, size_t padding_count, double value, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&padding_ = at::IntArrayRef(padding, padding_count);
    auto &&value_ = number(value);
    *result0 = make(at::constant_pad_nd(self_, padding_, value_));
  });
}

ct_error ct_batch_norm(ct_tensor self, ct_tensor weight, ct_tensor bias, ct_tensor running_mean, ct_tensor running_var, bool training, double momentum, double eps, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&weight_ = optional_ref(weight);
    auto &&bias_ = optional_ref(bias);
    auto &&running_mean_ = optional_ref(running_mean);
    auto &&running_var_ = optional_ref(running_var);
    auto &&training_ = training;
    auto &&momentum_ = momentum;
    auto &&eps_ = eps;
    *result0 = make(at::batch_norm(self_, weight_, bias_, running_mean_, running_var_, training_, momentum_, eps_, false));
  });
}

ct_error ct_layer_norm(ct_tensor self, const int64_t *normalized_shape, size_t normalized_shape_count, ct_tensor weight, ct_tensor bias, double eps, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&normalized_shape_ = at::IntArrayRef(normalized_shape, normalized_shape_count);
    auto &&weight_ = optional_ref(weight);
    auto &&bias_ = optional_ref(bias);
    auto &&eps_ = eps;
    *result0 = make(at::layer_norm(self_, normalized_shape_, weight_, bias_, eps_, false));
  });
}

ct_error ct_cross_entropy_loss(ct_tensor self, ct_tensor target, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&target_ = ref(target);
    *result0 = make(at::cross_entropy_loss(self_, target_));
  });
}

ct_error ct_mse_loss(ct_tensor self, ct_tensor target, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&target_ = ref(target);
    *result0 = make(at::mse_loss(self_, target_));
  });
}

ct_error ct_reshape(ct_tensor self, const int64_t *shape, size_t shape_count, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&shape_ = at::IntArrayRef(shape, shape_count);
    *result0 = make(at::reshape(self_, shape_));
  });
}

ct_error ct_flatten(ct_tensor self, int64_t start_dim, int64_t end_dim, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&start_dim_ = start_dim;
    auto &&end_dim_ = end_dim;
    *result0 = make(ctorch::flatten(self_, start_dim_, end_dim_));
  });
}

ct_error ct_permute(ct_tensor self, const int64_t *dims, size_t dims_count, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dims_ = at::IntArrayRef(dims, dims_count);
    *result0 = make(at::permute(self_, dims_));
  });
}

ct_error ct_transpose(ct_tensor self, int64_t dim0, int64_t dim1, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dim0_ = dim0;
    auto &&dim1_ = dim1;
    *result0 = make(at::transpose(self_, dim0_, dim1_));
  });
}

ct_error ct_diagonal(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::diagonal(self_));
  });
}

ct_error ct_flip(ct_tensor self, const int64_t *dims, size_t dims_count, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dims_ = at::IntArrayRef(dims, dims_count);
    *result0 = make(at::flip(self_, dims_));
  });
}

ct_error ct_squeeze(ct_tensor self, int64_t dim, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dim_ = dim;
    *result0 = make(at::squeeze(self_, dim_));
  });
}

ct_error ct_narrow(ct_tensor self, int64_t dim, int64_t start, int64_t length, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dim_ = dim;
    auto &&start_ = start;
    auto &&length_ = length;
    *result0 = make(at::narrow(self_, dim_, start_, length_));
  });
}

ct_error ct_select(ct_tensor self, int64_t dim, int64_t index, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dim_ = dim;
    auto &&index_ = index;
    *result0 = make(at::select(self_, dim_, index_));
  });
}

ct_error ct_index_select(ct_tensor self, ct_tensor index, int64_t dim, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&index_ = ref(index);
    auto &&dim_ = dim;
    *result0 = make(at::index_select(self_, dim_, index_));
  });
}

ct_error ct_cat(const ct_tensor *tensors, size_t tensors_count, int64_t dim, ct_tensor *result0) {
  return guarded([&] {
    auto &&tensors_ = list(tensors, tensors_count);
    auto &&dim_ = dim;
    *result0 = make(at::cat(tensors_, dim_));
  });
}

ct_error ct_expand(ct_tensor self, const int64_t *shape, size_t shape_count, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&shape_ = at::IntArrayRef(shape, shape_count);
    *result0 = make(self_.expand(shape_));
  });
}

ct_error ct_zeros_like(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::zeros_like(self_));
  });
}

ct_error ct_clone(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::clone(self_));
  });
}

ct_error ct_detach(ct_tensor self, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    *result0 = make(at::detach(self_));
  });
}

ct_error ct_contiguous(ct_tensor self, ct_memory_format format, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&format_ = memory_format(format);
    *result0 = make(self_.contiguous(format_));
  });
}

ct_error ct_to(ct_tensor self, ct_dtype dtype, ct_tensor *result0) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&dtype_ = scalar_type(dtype);
    *result0 = make(self_.to(dtype_));
  });
}

ct_error ct_copy_in_place(ct_tensor self, ct_tensor source) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&source_ = ref(source);
    self_.copy_(source_);
  });
}

ct_error ct_add_in_place_scalar(ct_tensor self, double scalar) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&scalar_ = number(scalar);
    self_.add_(scalar_);
  });
}

ct_error ct_add_in_place(ct_tensor self, ct_tensor other, double alpha) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&other_ = ref(other);
    auto &&alpha_ = number(alpha);
    self_.add_(other_, alpha_);
  });
}

ct_error ct_fill_in_place(ct_tensor self, double value) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&value_ = number(value);
    self_.fill_(value_);
  });
}

ct_error ct_zero_in_place(ct_tensor self) {
  return guarded([&] {
    auto &&self_ = ref(self);
    self_.zero_();
  });
}

ct_error ct_normal_in_place(ct_tensor self, double mean, double std, ct_generator generator) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&mean_ = mean;
    auto &&std_ = std;
    auto &&generator_ = ref(generator);
    self_.normal_(mean_, std_, generator_);
  });
}

ct_error ct_uniform_in_place(ct_tensor self, double from, double to, ct_generator generator) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&from_ = from;
    auto &&to_ = to;
    auto &&generator_ = ref(generator);
    self_.uniform_(from_, to_, generator_);
  });
}

ct_error ct_random_in_place(ct_tensor self, int64_t from, int64_t to, ct_generator generator) {
  return guarded([&] {
    auto &&self_ = ref(self);
    auto &&from_ = from;
    auto &&to_ = to;
    auto &&generator_ = ref(generator);
    self_.random_(from_, to_, generator_);
  });
}

ct_error ct_foreach_lerp_in_place(const ct_tensor *tensors, size_t tensors_count, const ct_tensor *ends, size_t ends_count, double weight) {
  return guarded([&] {
    auto &&tensors_ = list(tensors, tensors_count);
    auto &&ends_ = list(ends, ends_count);
    auto &&weight_ = weight;
    at::_foreach_lerp_(tensors_, ends_, weight_);
  });
}

ct_error ct_foreach_copy_in_place(const ct_tensor *tensors, size_t tensors_count, const ct_tensor *sources, size_t sources_count) {
  return guarded([&] {
    auto &&tensors_ = list(tensors, tensors_count);
    auto &&sources_ = list(sources, sources_count);
    at::_foreach_copy_(tensors_, sources_);
  });
}

ct_error ct_foreach_add_in_place(const ct_tensor *tensors, size_t tensors_count, double scalar) {
  return guarded([&] {
    auto &&tensors_ = list(tensors, tensors_count);
    auto &&scalar_ = number(scalar);
    at::_foreach_add_(tensors_, scalar_);
  });
}

ct_error ct_fused_adamw_in_place(const ct_tensor *parameters, size_t parameters_count, const ct_tensor *gradients, size_t gradients_count, const ct_tensor *exp_avgs, size_t exp_avgs_count, const ct_tensor *exp_avg_sqs, size_t exp_avg_sqs_count, const ct_tensor *steps, size_t steps_count, double lr, double beta1, double beta2, double weight_decay, double eps) {
  return guarded([&] {
    auto &&parameters_ = list(parameters, parameters_count);
    auto &&gradients_ = list(gradients, gradients_count);
    auto &&exp_avgs_ = list(exp_avgs, exp_avgs_count);
    auto &&exp_avg_sqs_ = list(exp_avg_sqs, exp_avg_sqs_count);
    auto &&steps_ = list(steps, steps_count);
    auto &&lr_ = lr;
    auto &&beta1_ = beta1;
    auto &&beta2_ = beta2;
    auto &&weight_decay_ = weight_decay;
    auto &&eps_ = eps;
    at::_fused_adamw_(parameters_, laid_out_like(gradients_, parameters_), exp_avgs_, exp_avg_sqs_, {}, steps_, lr_, beta1_, beta2_, weight_decay_, eps_, false, false);
  });
}
