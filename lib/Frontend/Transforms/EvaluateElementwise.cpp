//===- EvaluateElementwise.cpp - Elementwise operators on constants -------===//
//
// float holds the arithmetic of f16, bf16 and f32, as in compiled code, with
// one rounding at the end; functions other than the IEEE basic ones are
// computed in double and rounded. Integers wrap.
//
//===----------------------------------------------------------------------===//

#include "ConstantTensor.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace tegula::frontend {

namespace {

/// For each element of the result, the element of an operand of `shape` that
/// it is made of.
class Broadcast {
public:
  Broadcast(ArrayRef<int64_t> shape, ArrayRef<int64_t> result)
      : result(result), steps(result.size(), 0) {
    SmallVector<int64_t> strides = stridesOf(shape);
    size_t shift = result.size() - shape.size();
    for (size_t i = 0; i < shape.size(); ++i)
      steps[shift + i] = shape[i] == 1 ? 0 : strides[i];
  }

  int64_t operator()(int64_t index) const {
    int64_t offset = 0;
    for (size_t i = result.size(); i-- > 0; index /= result[i])
      offset += index % result[i] * steps[i];
    return offset;
  }

  static bool fits(ArrayRef<int64_t> shape, ArrayRef<int64_t> result) {
    if (shape.size() > result.size())
      return false;
    size_t shift = result.size() - shape.size();
    for (size_t i = 0; i < shape.size(); ++i)
      if (shape[i] != 1 && shape[i] != result[shift + i])
        return false;
    return true;
  }

private:
  ArrayRef<int64_t> result;
  SmallVector<int64_t> steps;
};

template <typename T>
constexpr bool isFloat = std::is_floating_point_v<T>;

/// Computes `out = f(a, b)`; f returns false where the result is undefined.
template <typename T, typename R, typename Function>
bool zip(Evaluation &e, const ConstantTensor &left, const ConstantTensor &right,
         Function function) {
  ArrayRef<int64_t> shape = e.types[0].getShape();
  auto known = [](auto) { return true; };
  if (!Broadcast::fits(left.shape(), shape) ||
      !Broadcast::fits(right.shape(), shape) ||
      !withArithmetic(left.element(), known) ||
      !withArithmetic(right.element(), known))
    return false;
  std::vector<T> a = left.values<T>(), b = right.values<T>();
  Broadcast fromLeft(left.shape(), shape), fromRight(right.shape(), shape);
  std::vector<R> out(e.types[0].getNumElements());
  for (size_t i = 0; i < out.size(); ++i)
    if (!function(a[fromLeft(i)], b[fromRight(i)], out[i]))
      return false;
  e.outputs.push_back(packed<R>(out, e.types[0].getElementType()));
  return true;
}

/// Arithmetic of two operands of one type.
struct Add {
  template <typename T>
  static bool apply(T a, T b, T &out) {
    if constexpr (isFloat<T>)
      out = a + b;
    else
      out = T(uint64_t(a) + uint64_t(b));
    return true;
  }
};
struct Sub {
  template <typename T>
  static bool apply(T a, T b, T &out) {
    if constexpr (isFloat<T>)
      out = a - b;
    else
      out = T(uint64_t(a) - uint64_t(b));
    return true;
  }
};
struct Mul {
  template <typename T>
  static bool apply(T a, T b, T &out) {
    if constexpr (isFloat<T>)
      out = a * b;
    else
      out = T(uint64_t(a) * uint64_t(b));
    return true;
  }
};
struct Div {
  template <typename T>
  static bool apply(T a, T b, T &out) {
    if constexpr (!isFloat<T>) {
      if (b == 0)
        return false;
      if (b == T(-1)) {
        out = std::is_signed_v<T> ? T(-uint64_t(a)) : T(a == b);
        return true;
      }
    }
    out = a / b;
    return true;
  }
};
struct Max {
  template <typename T>
  static bool apply(T a, T b, T &out) {
    out = a > b || a != a ? a : b;
    return true;
  }
};
struct Min {
  template <typename T>
  static bool apply(T a, T b, T &out) {
    out = a < b || a != a ? a : b;
    return true;
  }
};

template <typename Op>
bool binary(Evaluation &e) {
  if (!e.has(0) || !e.has(1) || e.inputs.size() != 2)
    return false;
  return withArithmetic(e.input(0).element(), [&](auto sample) {
    using T = decltype(sample);
    return zip<T, T>(e, e.input(0), e.input(1), Op::template apply<T>);
  });
}

/// Max and Min of any number of operands.
template <typename Op>
bool extremum(Evaluation &e) {
  return e.inputs.size() == 2 && binary<Op>(e);
}

/// Integer Mod has the sign of the divisor; fmod = 1 that of the dividend.
bool mod(Evaluation &e) {
  if (!e.has(0) || !e.has(1))
    return false;
  bool truncates = e.integer("fmod", 0) != 0;
  return withArithmetic(e.input(0).element(), [&](auto sample) {
    using T = decltype(sample);
    auto apply = [&](T a, T b, T &out) {
      if constexpr (isFloat<T>) {
        out = std::fmod(a, b);
        return truncates;
      } else {
        if (b == 0)
          return false;
        out = b == T(-1) && std::is_signed_v<T> ? 0 : a % b;
        if (!truncates && out != 0 && (out < 0) != (b < 0))
          out += b;
        return true;
      }
    };
    return zip<T, T>(e, e.input(0), e.input(1), apply);
  });
}

bool power(Evaluation &e) {
  if (!e.has(0) || !e.has(1) || e.types[0].getElementType().isF64())
    return false;
  ConstantTensor base = e.input(0), exponent = e.input(1);
  if (!isa<FloatType>(base.element()) || base.element().isF64())
    return false;
  return zip<double, double>(e, base, exponent,
                             [](double a, double b, double &out) {
                               out = std::pow(a, b);
                               return true;
                             });
}

template <typename Compare>
bool compare(Evaluation &e) {
  if (!e.has(0) || !e.has(1))
    return false;
  return withArithmetic(e.input(0).element(), [&](auto sample) {
    using T = decltype(sample);
    return zip<T, uint64_t>(e, e.input(0), e.input(1),
                            [](T a, T b, uint64_t &out) {
                              out = Compare()(a, b);
                              return true;
                            });
  });
}

template <typename Logic>
bool logic(Evaluation &e) {
  if (!e.has(0) || !e.has(1) || !e.input(0).element().isInteger(1))
    return false;
  return zip<uint64_t, uint64_t>(e, e.input(0), e.input(1),
                                 [](uint64_t a, uint64_t b, uint64_t &out) {
                                   out = Logic()(a != 0, b != 0);
                                   return true;
                                 });
}

template <typename Function>
bool unary(Evaluation &e, Function function) {
  if (!e.has(0))
    return false;
  return withArithmetic(e.input(0).element(), [&](auto sample) {
    using T = decltype(sample);
    std::vector<T> values = e.input(0).template values<T>();
    for (T &value : values)
      if (!function(value))
        return false;
    e.outputs.push_back(packed<T>(values, e.types[0].getElementType()));
    return true;
  });
}

/// A function of reals, exact to the last bit of up to 32-bit floats.
template <double (*function)(double)>
bool real(Evaluation &e) {
  return unary(e, [](auto &value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, float>) {
      value = static_cast<float>(function(value));
      return true;
    }
    return false;
  });
}

/// The IEEE functions, exact in every width.
template <typename Op>
bool rounding(Evaluation &e) {
  return unary(e, [](auto &value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (isFloat<T>)
      value = Op::apply(value);
    return isFloat<T>;
  });
}
struct Floor {
  template <typename T>
  static T apply(T x) {
    return std::floor(x);
  }
};
struct Ceil {
  template <typename T>
  static T apply(T x) {
    return std::ceil(x);
  }
};
struct Sqrt {
  template <typename T>
  static T apply(T x) {
    return std::sqrt(x);
  }
};
struct Reciprocal {
  template <typename T>
  static T apply(T x) {
    return T(1) / x;
  }
};

bool negate(Evaluation &e) {
  return unary(e, [](auto &value) {
    using T = std::decay_t<decltype(value)>;
    value = isFloat<T> ? T(-value) : T(-static_cast<uint64_t>(value));
    return true;
  });
}

bool absolute(Evaluation &e) {
  return unary(e, [](auto &value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (isFloat<T>)
      value = std::fabs(value);
    else if constexpr (std::is_signed_v<T>)
      value = value < 0 ? T(-static_cast<uint64_t>(value)) : value;
    return true;
  });
}

bool sign(Evaluation &e) {
  return unary(e, [](auto &value) {
    using T = std::decay_t<decltype(value)>;
    if (value == value)
      value = value > T(0) ? T(1) : value < T(0) ? T(-1) : T(0);
    return true;
  });
}

bool logicalNot(Evaluation &e) {
  return e.has(0) && e.input(0).element().isInteger(1) &&
         unary(e, [](auto &value) {
           value = value == 0;
           return true;
         });
}

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

/// Between types of the same kind of arithmetic, and from integers to floats.
/// A float becomes an integer only where the value fits.
bool cast(Evaluation &e) {
  if (!e.has(0))
    return false;
  Type to = e.types[0].getElementType();
  return withArithmetic(e.input(0).element(), [&](auto sample) {
    using T = decltype(sample);
    return withArithmetic(to, [&](auto) {
      std::vector<T> values = e.input(0).template values<T>();
      if (isFloat<T> && isa<IntegerType>(to) && !to.isInteger(1)) {
        unsigned digits = to.getIntOrFloatBitWidth() - !to.isUnsignedInteger();
        double high = std::ldexp(1.0, std::min(digits, 63u));
        double low = to.isUnsignedInteger() ? 0.0 : -high;
        for (T value : values)
          if (!(double(value) >= low && double(value) < high))
            return false;
      }
      e.outputs.push_back(packed<T>(values, to));
      return true;
    });
  });
}

/// Where moves bytes: any element type.
bool where(Evaluation &e) {
  if (!e.has(0) || !e.has(1) || !e.has(2))
    return false;
  ArrayRef<int64_t> shape = e.types[0].getShape();
  for (size_t i = 0; i < 3; ++i)
    if (!Broadcast::fits(e.input(i).shape(), shape) ||
        e.input(i).element() !=
            (i == 0 ? Type(IntegerType::get(e.op->getContext(), 1))
                    : e.types[0].getElementType()))
      return false;
  Broadcast condition(e.input(0).shape(), shape),
      yes(e.input(1).shape(), shape), no(e.input(2).shape(), shape);
  int64_t size = *elementBytes(e.types[0].getElementType());
  std::string out;
  for (int64_t i = 0, n = e.types[0].getNumElements(); i < n; ++i) {
    bool taken = e.input(0).bytes()[condition(i)] != 0;
    const char *from = taken ? e.input(1).bytes().data() + yes(i) * size
                             : e.input(2).bytes().data() + no(i) * size;
    out.append(from, size);
  }
  e.outputs.push_back(std::move(out));
  return true;
}

} // namespace

ArrayRef<EvaluatorRow> elementwiseEvaluators() {
  static constexpr EvaluatorRow rows[] = {
      {"Add", binary<Add>},
      {"Sub", binary<Sub>},
      {"Mul", binary<Mul>},
      {"Div", binary<Div>},
      {"Mod", mod},
      {"Pow", power},
      {"Max", extremum<Max>},
      {"Min", extremum<Min>},
      {"Equal", compare<std::equal_to<>>},
      {"Greater", compare<std::greater<>>},
      {"Less", compare<std::less<>>},
      {"GreaterOrEqual", compare<std::greater_equal<>>},
      {"LessOrEqual", compare<std::less_equal<>>},
      {"And", logic<std::logical_and<>>},
      {"Or", logic<std::logical_or<>>},
      {"Xor", logic<std::not_equal_to<>>},
      {"Not", logicalNot},
      {"Neg", negate},
      {"Abs", absolute},
      {"Sign", sign},
      {"Floor", rounding<Floor>},
      {"Ceil", rounding<Ceil>},
      {"Sqrt", rounding<Sqrt>},
      {"Reciprocal", rounding<Reciprocal>},
      {"Exp", real<std::exp>},
      {"Log", real<std::log>},
      {"Sin", real<std::sin>},
      {"Cos", real<std::cos>},
      {"Tanh", real<std::tanh>},
      {"Sigmoid", real<sigmoid>},
      {"Cast", cast},
      {"Where", where},
  };
  return rows;
}

} // namespace tegula::frontend
