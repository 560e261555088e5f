#include "private/clamp.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/clamp.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

class StraightThrough : public torch::autograd::Function<StraightThrough> {
public:
  static at::Tensor forward(torch::autograd::AutogradContext *, const at::Tensor &x, double min, double max) {
    at::AutoDispatchBelowADInplaceOrView below_autograd;
    return at::clamp(x, min, max);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *,
                                                 const torch::autograd::variable_list &gradients) {
    return {gradients[0], at::Tensor(), at::Tensor()};
  }
};

} // namespace

at::Tensor ctorch::clamp_straight_through(const at::Tensor &x, double min, double max) {
  return StraightThrough::apply(x, min, max);
}
