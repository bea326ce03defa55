//===- MicrosoftOperators.cpp - ONNX Runtime's operators as functions -----===//
//
// What ONNX Runtime's optimiser and quantiser write into models, in terms of
// ONNX's own operators, so that no later stage needs to know of it. Meaning and
// defaults are those of ONNX Runtime's docs/ContribOperators.md.
//
// An operator may have several functions: the first is taken whose inputs are
// those that the node gives. An input named "_" must be absent.
//
// A function heeds the attributes that it declares.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

#include "onnx/defs/parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using llvm::StringRef;
using ::onnx::AttributeProto;
using ::onnx::FunctionProto;
using ::onnx::NodeProto;

namespace tegula::frontend {

static constexpr const char *kActivations = R"(
Gelu (X) => (Y) {
  Y = Gelu (X)
}
FastGelu (X) => (Y) {
  Y = Gelu <approximate = "tanh"> (X)
}
FastGelu (X, bias) => (Y) {
  sum = Add (X, bias)
  Y = Gelu <approximate = "tanh"> (sum)
}
BiasGelu (A, B) => (Y) {
  sum = Add (A, B)
  Y = Gelu (sum)
}
QuickGelu <alpha: float = 1.702> (X) => (Y) {
  factor = Constant <value_float: float = @alpha> ()
  like = CastLike (factor, X)
  scaled = Mul (X, like)
  gate = Sigmoid (scaled)
  Y = Mul (X, gate)
}
BiasAdd (X, bias, skip) => (Y) {
  sum = Add (X, bias)
  Y = Add (sum, skip)
}
)";

static constexpr const char *kNormalizations = R"(
SimplifiedLayerNormalization <axis: int = -1, epsilon: float = 1e-05, stash_type: int = 1>
(X, scale) => (Y) {
  Y = RMSNormalization <axis: int = @axis, epsilon: float = @epsilon, stash_type: int = @stash_type> (X, scale)
}
SkipLayerNormalization <epsilon: float = 1e-12>
(input, skip, gamma, beta_) => (output, mean, inv_std_var, sum) {
  sum = Add (input, skip)
  output, mean, inv_std_var = LayerNormalization <epsilon: float = @epsilon> (sum, gamma, beta_)
}
SkipLayerNormalization <epsilon: float = 1e-12>
(input, skip, gamma, beta_, bias) => (output, mean, inv_std_var, sum) {
  both = Add (input, skip)
  sum = Add (both, bias)
  output, mean, inv_std_var = LayerNormalization <epsilon: float = @epsilon> (sum, gamma, beta_)
}
SkipSimplifiedLayerNormalization <epsilon: float = 1e-12>
(input, skip, gamma) => (output, mean, inv_std_var, sum) {
  sum = Add (input, skip)
  output = RMSNormalization <epsilon: float = @epsilon> (sum, gamma)
}
SkipSimplifiedLayerNormalization <epsilon: float = 1e-12>
(input, skip, gamma, bias) => (output, mean, inv_std_var, sum) {
  both = Add (input, skip)
  sum = Add (both, bias)
  output = RMSNormalization <epsilon: float = @epsilon> (sum, gamma)
}
EmbedLayerNormalization <epsilon: float = 1e-12>
(input_ids, _, word, position, _, gamma, beta) => (output, mask_index, sum) {
  words = Gather (word, input_ids)
  shape = Shape <start = 1, end = 2> (input_ids)
  zero = Constant <value_ints = [0]> ()
  positions = Slice (position, zero, shape, zero)
  sum = Add (words, positions)
  output = LayerNormalization <epsilon: float = @epsilon> (sum, gamma, beta)
}
EmbedLayerNormalization <epsilon: float = 1e-12>
(input_ids, segment_ids, word, position, segment, gamma, beta) => (output, mask_index, sum) {
  words = Gather (word, input_ids)
  shape = Shape <start = 1, end = 2> (input_ids)
  zero = Constant <value_ints = [0]> ()
  positions = Slice (position, zero, shape, zero)
  placed = Add (words, positions)
  segments = Gather (segment, segment_ids)
  sum = Add (placed, segments)
  output = LayerNormalization <epsilon: float = @epsilon> (sum, gamma, beta)
}
)";

static constexpr const char *kProducts = R"(
FusedMatMul <alpha: float = 1.0, transA: int = 0, transB: int = 0> (A, B) => (Y) {
  flipA = Constant <value_int: int = @transA> ()
  flipB = Constant <value_int: int = @transB> ()
  isA = Cast <to = 9> (flipA)
  isB = Cast <to = 9> (flipB)
  product = If (isA) <
    then_branch = onA () => (p) {
      p = If (isB) <
        then_branch = both () => (q) { q = Einsum <equation = "...km,...nk->...mn"> (A, B) },
        else_branch = first () => (r) { r = Einsum <equation = "...km,...kn->...mn"> (A, B) }>
    },
    else_branch = notA () => (s) {
      s = If (isB) <
        then_branch = second () => (t) { t = Einsum <equation = "...mk,...nk->...mn"> (A, B) },
        else_branch = plain () => (u) { u = MatMul (A, B) }>
    }>
  factor = Constant <value_float: float = @alpha> ()
  like = CastLike (factor, product)
  Y = Mul (product, like)
}
MultiHeadAttention <mask_filter_value, num_heads, scale, unidirectional: int = 0>
(query, key, value, _, _, attention_bias_) => (Y) {
  Y = Attention <q_num_heads: int = @num_heads, kv_num_heads: int = @num_heads,
                 is_causal: int = @unidirectional, scale: float = @scale>
      (query, key, value, attention_bias_)
}
MultiHeadAttention <mask_filter_value, num_heads, scale, unidirectional: int = 0>
(query, key, value, bias) => (Y) {
  bias_q, bias_k, bias_v = Split <num_outputs = 3> (bias)
  q = Add (query, bias_q)
  k = Add (key, bias_k)
  v = Add (value, bias_v)
  Y = Attention <q_num_heads: int = @num_heads, kv_num_heads: int = @num_heads,
                 is_causal: int = @unidirectional, scale: float = @scale> (q, k, v)
}
Attention <mask_filter_value, num_heads, scale, unidirectional: int = 0> (input, weights, bias) => (Y) {
  product = MatMul (input, weights)
  all = Add (product, bias)
  q, k, v = Split <axis = 2, num_outputs = 3> (all)
  Y = Attention <q_num_heads: int = @num_heads, kv_num_heads: int = @num_heads,
                 is_causal: int = @unidirectional, scale: float = @scale> (q, k, v)
}
Attention <mask_filter_value: float = -10000.0, num_heads, scale, unidirectional: int = 0>
(input, weights, bias, mask_index) => (Y) {
  product = MatMul (input, weights)
  all = Add (product, bias)
  q, k, v = Split <axis = 2, num_outputs = 3> (all)
  mask = Transpose <perm = [0, 1]> (mask_index)
  axes = Constant <value_ints = [1, 2]> ()
  rows = Unsqueeze (mask, axes)
  one = Constant <value_int = 1> ()
  likeOne = CastLike (one, rows)
  masked = Sub (likeOne, rows)
  wide = CastLike (masked, input)
  filter = Constant <value_float: float = @mask_filter_value> ()
  likeFilter = CastLike (filter, input)
  penalty = Mul (wide, likeFilter)
  Y = Attention <q_num_heads: int = @num_heads, kv_num_heads: int = @num_heads,
                 is_causal: int = @unidirectional, scale: float = @scale> (q, k, v, penalty)
}
RotaryEmbedding <interleaved: int = 0, num_heads, rotary_embedding_dim>
(input, position_ids, cos_cache, sin_cache) => (Y) {
  positions = Transpose <perm = [0, 1]> (position_ids)
  Y = RotaryEmbedding <interleaved: int = @interleaved, num_heads: int = @num_heads,
                       rotary_embedding_dim: int = @rotary_embedding_dim>
      (input, cos_cache, sin_cache, positions)
}
)";

// What every fused convolution declares, and hands to Conv.
#define WINDOW "auto_pad, dilations, group, kernel_shape, pads, strides>\n"
#define CONVOLUTION                                                            \
  "  y = Conv <auto_pad: string = @auto_pad, dilations: ints = @dilations, "   \
  "group: int = @group, kernel_shape: ints = @kernel_shape, "                  \
  "pads: ints = @pads, strides: ints = @strides> (X, W, B_)\n"

static constexpr const char *kConvolutions =
    R"(
FusedConv <activation: string = "Relu", )" WINDOW
    "(X, W, B_) => (Y) {\n" CONVOLUTION R"(
  Y = Relu (y)
}
FusedConv <activation: string = "Sigmoid", )" WINDOW
    "(X, W, B_) => (Y) {\n" CONVOLUTION R"(
  Y = Sigmoid (y)
}
FusedConv <activation: string = "Tanh", )" WINDOW
    "(X, W, B_) => (Y) {\n" CONVOLUTION R"(
  Y = Tanh (y)
}
FusedConv <activation: string = "LeakyRelu", activation_params, )" WINDOW
    "(X, W, B_) => (Y) {\n" CONVOLUTION R"(
  slope = Constant <value_floats: floats = @activation_params> ()
  Y = PRelu (y, slope)
}
FusedConv <activation: string = "Clip", activation_params, )" WINDOW
    "(X, W, B_) => (Y) {\n" CONVOLUTION R"(
  ends = Constant <value_floats: floats = @activation_params> ()
  zero = Constant <value_int = 0> ()
  one = Constant <value_int = 1> ()
  low = Gather (ends, zero)
  high = Gather (ends, one)
  Y = Clip (y, low, high)
}
FusedConv <activation: string = "Relu", )" WINDOW
    "(X, W, B_, Z) => (Y) {\n" CONVOLUTION R"(
  sum = Add (y, Z)
  Y = Relu (sum)
}
FusedConv <)" WINDOW "(X, W, B_, Z) => (Y) {\n" CONVOLUTION R"(
  Y = Add (y, Z)
}
FusedGemm <activation: string = "Relu", alpha, beta, transA, transB> (A, B, C_) => (Y) {
  y = Gemm <alpha: float = @alpha, beta: float = @beta, transA: int = @transA, transB: int = @transB> (A, B, C_)
  Y = Relu (y)
}
FusedGemm <activation: string = "Tanh", alpha, beta, transA, transB> (A, B, C_) => (Y) {
  y = Gemm <alpha: float = @alpha, beta: float = @beta, transA: int = @transA, transB: int = @transB> (A, B, C_)
  Y = Tanh (y)
}
)";

#undef WINDOW
#undef CONVOLUTION

static constexpr const char *kQuantized = R"(
QuantizeLinear <axis> (x, scale, zero_) => (y) {
  y = QuantizeLinear <axis: int = @axis> (x, scale, zero_)
}
DequantizeLinear <axis> (x, scale, zero_) => (y) {
  y = DequantizeLinear <axis: int = @axis> (x, scale, zero_)
}
QLinearAdd (A, As, Az_, B, Bs, Bz_, Cs, Cz_) => (C) {
  a = DequantizeLinear (A, As, Az_)
  b = DequantizeLinear (B, Bs, Bz_)
  c = Add (a, b)
  C = QuantizeLinear (c, Cs, Cz_)
}
QLinearMul (A, As, Az_, B, Bs, Bz_, Cs, Cz_) => (C) {
  a = DequantizeLinear (A, As, Az_)
  b = DequantizeLinear (B, Bs, Bz_)
  c = Mul (a, b)
  C = QuantizeLinear (c, Cs, Cz_)
}
QLinearSigmoid (X, Xs, Xz_, Ys, Yz_) => (Y) {
  x = DequantizeLinear (X, Xs, Xz_)
  y = Sigmoid (x)
  Y = QuantizeLinear (y, Ys, Yz_)
}
QLinearLeakyRelu <alpha: float = 0.01> (X, Xs, Xz_, Ys, Yz_) => (Y) {
  x = DequantizeLinear (X, Xs, Xz_)
  y = LeakyRelu <alpha: float = @alpha> (x)
  Y = QuantizeLinear (y, Ys, Yz_)
}
QLinearGlobalAveragePool (X, Xs, Xz_, Ys, Yz_) => (Y) {
  x = DequantizeLinear (X, Xs, Xz_)
  y = GlobalAveragePool (x)
  Y = QuantizeLinear (y, Ys, Yz_)
}
QLinearAveragePool <auto_pad, ceil_mode, count_include_pad,
                    kernel_shape, pads, strides> (X, Xs, Xz_, Ys, Yz_) => (Y) {
  x = DequantizeLinear (X, Xs, Xz_)
  y = AveragePool <auto_pad: string = @auto_pad, ceil_mode: int = @ceil_mode,
                   count_include_pad: int = @count_include_pad, kernel_shape: ints = @kernel_shape,
                   pads: ints = @pads, strides: ints = @strides> (x)
  Y = QuantizeLinear (y, Ys, Yz_)
}
QGemm <alpha: float = 1.0, transA: int = 0, transB: int = 0> (A, As, Az, B, Bs, Bz, C, Ys, Yz) => (Y) {
  y = com.microsoft.QGemm <alpha: float = @alpha, transA: int = @transA, transB: int = @transB>
      (A, As, Az, B, Bs, Bz, C)
  Y = QuantizeLinear (y, Ys, Yz)
}
QGemm <alpha: float = 1.0, transA: int = 0, transB: int = 0> (A, As, Az, B, Bs, Bz, C) => (Y) {
  a = DequantizeLinear (A, As, Az)
  transposed = Constant <value_int: int = @transB> ()
  isTransposed = Cast <to = 9> (transposed)
  b = If (isTransposed) <
    then_branch = rows () => (p) { p = DequantizeLinear <axis = 0> (B, Bs, Bz) },
    else_branch = columns () => (q) { q = DequantizeLinear <axis = 1> (B, Bs, Bz) }>
  product = Gemm <transA: int = @transA, transB: int = @transB> (a, b)
  scale = Mul (As, Bs)
  summand = Cast <to = 1> (C)
  bias = Mul (summand, scale)
  sum = Add (product, bias)
  factor = Constant <value_float: float = @alpha> ()
  Y = Mul (sum, factor)
}
DynamicQuantizeMatMul (A, B, Bs, Bz_) => (Y) {
  q, As, Az = DynamicQuantizeLinear (A)
  Y = com.microsoft.MatMulIntegerToFloat (q, B, As, Bs, Az, Bz_)
}
DynamicQuantizeMatMul (A, B, Bs, Bz_, bias) => (Y) {
  product = com.microsoft.DynamicQuantizeMatMul (A, B, Bs, Bz_)
  Y = Add (product, bias)
}
MatMulIntegerToFloat (A, B, As, Bs, Az_, Bz_) => (Y) {
  sums = MatMulInteger (A, B, Az_, Bz_)
  wide = Cast <to = 1> (sums)
  scale = Mul (As, Bs)
  Y = Mul (wide, scale)
}
MatMulIntegerToFloat (A, B, As, Bs, Az_, Bz_, bias) => (Y) {
  product = com.microsoft.MatMulIntegerToFloat (A, B, As, Bs, Az_, Bz_)
  Y = Add (product, bias)
}
)";
static constexpr const char *kHeader =
    R"(<domain: "com.microsoft", opset_import: ["" : 23, "com.microsoft" : 1]>
)";

/// Whether `node` gives the inputs of `function`, and no others.
static bool takesInputs(const FunctionProto &function, const NodeProto &node) {
  int count = std::max(function.input_size(), node.input_size());
  return llvm::all_of(llvm::seq(count), [&](int i) {
    bool given = i < node.input_size() && !node.input(i).empty();
    bool isNamed = i < function.input_size();
    StringRef name = isNamed ? StringRef(function.input(i)) : StringRef("_");
    return given ? name != "_" : name.ends_with("_");
  });
}

/// Whether `node` has the strings that `function` is for.
static bool hasStrings(const FunctionProto &function, const NodeProto &node) {
  return llvm::all_of(function.attribute_proto(), [&](const auto &wanted) {
    return wanted.type() != AttributeProto::STRING ||
           llvm::any_of(node.attribute(), [&](const AttributeProto &given) {
             return given.name() == wanted.name() && given.s() == wanted.s();
           });
  });
}

/// An attribute of `node` that says more than its default and that `function`
/// does not heed; null if there is none.
static const AttributeProto *unheeded(const FunctionProto &function,
                                      const NodeProto &node) {
  for (const AttributeProto &attribute : node.attribute()) {
    auto isName = [&](StringRef name) { return name == attribute.name(); };
    bool isDeclared =
        llvm::any_of(function.attribute(), isName) ||
        llvm::any_of(function.attribute_proto(),
                     [&](const auto &known) { return isName(known.name()); });
    bool isOff = attribute.type() == AttributeProto::INT && attribute.i() == 0;
    if (!isDeclared && !isOff)
      return &attribute;
  }
  return nullptr;
}

llvm::Expected<std::shared_ptr<FunctionProto>>
microsoftFunction(const NodeProto &node) {
  for (StringRef text :
       {kActivations, kNormalizations, kProducts, kConvolutions, kQuantized}) {
    while (!text.trim().empty()) {
      auto [first, rest] = text.split("\n}\n");
      text = rest;
      StringRef name = first.trim();
      if (!name.consume_front(node.op_type()) || !name.starts_with(" "))
        continue;
      auto function = std::make_shared<FunctionProto>();
      std::string whole = (kHeader + first.trim() + "\n}").str();
      ::onnx::OnnxParser parser(whole.c_str());
      auto status = parser.Parse(*function);
      if (!status.IsOK())
        return llvm::createStringError(status.ErrorMessage());
      if (!takesInputs(*function, node) || !hasStrings(*function, node))
        continue;
      if (const AttributeProto *attribute = unheeded(*function, node))
        return llvm::createStringError(
            "%s: attribute '%s' of ONNX Runtime's operator is not supported",
            node.op_type().c_str(), attribute->name().c_str());
      return function;
    }
  }
  return nullptr;
}

} // namespace tegula::frontend
