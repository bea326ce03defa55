//===- LowerEinsum.cpp - Einsum -------------------------------------------===//
//
// One contraction over all operands: each letter is a loop; letters that the
// result does not have are summed over. An ellipsis stands for the leading
// dimensions that are broadcast.
//
//===----------------------------------------------------------------------===//

#include "DomainPatterns.h"
#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// The subscripts of one operand: one letter per dimension; digits stand for
/// the dimensions of an ellipsis, '0' the last of them.
std::optional<std::string> expanded(StringRef term, int64_t rank) {
  std::string out;
  size_t dots = term.find("...");
  int64_t letters = term.size() - (dots == StringRef::npos ? 0 : 3);
  if (letters > rank || (dots == StringRef::npos && letters != rank) ||
      rank - letters > 9)
    return std::nullopt;
  for (size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      for (int64_t k = rank - letters; k-- > 0;)
        out.push_back('0' + k);
      i += 2;
    } else if (llvm::isAlpha(term[i])) {
      out.push_back(term[i]);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

/// The equation: subscripts of the operands and of the result.
struct Equation {
  SmallVector<std::string> operands;
  std::string result;
};

std::optional<Equation> parse(StringRef text, TypeRange types) {
  std::string plain;
  for (char c : text)
    if (c != ' ')
      plain.push_back(c);
  auto [left, right] = StringRef(plain).split("->");
  bool isExplicit = StringRef(plain).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != types.size())
    return std::nullopt;
  Equation equation;
  std::string ellipsis;
  for (auto [term, type] : llvm::zip_equal(terms, types)) {
    auto letters = expanded(term, cast<RankedTensorType>(type).getRank());
    if (!letters)
      return std::nullopt;
    equation.operands.push_back(*letters);
    std::string digits;
    for (char c : *letters)
      if (llvm::isDigit(c))
        digits.push_back(c);
    if (digits.size() > ellipsis.size())
      ellipsis = digits;
  }
  if (isExplicit) {
    size_t dots = right.find("...");
    equation.result = right.str();
    if (dots != StringRef::npos)
      equation.result.replace(dots, 3, ellipsis);
    return equation;
  }
  // Without "->": letters that occur once, in alphabetical order.
  std::string all = llvm::join(equation.operands, ""), once;
  for (char c : all)
    if (llvm::isAlpha(c) && llvm::count(all, c) == 1)
      once.push_back(c);
  llvm::sort(once);
  equation.result = ellipsis + once;
  return equation;
}

struct LowerEinsum : OnnxPattern<onnx::EinsumOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::EinsumOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getOutput());
    SmallVector<Type> types(in.getInputs().getTypes());
    auto equation = parse(op.getEquation(), types);
    if (!equation || in.getInputs().empty())
      return refuse(op, "the equation does not fit the operands");
    // Loops: the result's letters, then the others.
    llvm::MapVector<char, OpFoldResult> loops;
    for (char c : equation->result)
      if (!loops.insert({c, OpFoldResult()}).second)
        return refuse(op, "a letter occurs twice in the result");
    for (auto [letters, input] :
         llvm::zip_equal(equation->operands, in.getInputs()))
      for (auto [c, dim] : llvm::zip_equal(letters, dimsOf(b, loc, input))) {
        OpFoldResult &extent = loops[c];
        extent =
            extent ? broadcastDims(b, loc, {{extent}, {dim}}).front() : dim;
      }
    for (auto &[c, extent] : loops)
      if (!extent)
        return refuse(op, "a letter of the result is in no operand");
    return contracted(b, op, in, *equation, loops, element);
  }

private:
  static Lowered contracted(OpBuilder &b, onnx::EinsumOp op, Adaptor in,
                            const Equation &equation,
                            llvm::MapVector<char, OpFoldResult> &loops,
                            Type element) {
    Location loc = op.getLoc();
    auto position = [&](char c) {
      return std::distance(loops.begin(), loops.find(c));
    };
    auto mapOf = [&](StringRef letters, ArrayRef<OpFoldResult> dims) {
      SmallVector<AffineExpr> exprs;
      for (auto [i, c] : llvm::enumerate(letters)) {
        bool repeated = !dims.empty() && isConstantIntValue(dims[i], 1) &&
                        !isConstantIntValue(loops[c], 1);
        exprs.push_back(repeated ? b.getAffineConstantExpr(0)
                                 : b.getAffineDimExpr(position(c)));
      }
      return AffineMap::get(loops.size(), 0, exprs, b.getContext());
    };
    SmallVector<AffineMap> maps;
    SmallVector<Value> operands;
    for (auto [given, input] :
         llvm::zip_equal(equation.operands, in.getInputs())) {
      std::string letters = given;
      operands.push_back(diagonal(b, loc, input, letters));
      maps.push_back(mapOf(letters, dimsOf(b, loc, operands.back())));
    }
    maps.push_back(mapOf(equation.result, {}));
    Dims out;
    SmallVector<utils::IteratorType> iterators(loops.size(),
                                               utils::IteratorType::reduction);
    for (auto [i, c] : llvm::enumerate(equation.result)) {
      out.push_back(loops[c]);
      iterators[i] = utils::IteratorType::parallel;
    }
    Value start = filled(b, loc, out, constantOf(b, loc, element, 0));
    Value sum =
        linalg::GenericOp::create(
            b, loc, start.getType(), operands, start, maps, iterators,
            [&](OpBuilder &b, Location loc, ValueRange args) {
              linalg::YieldOp::create(b, loc, term(b, loc, args, element));
            })
            .getResult(0);
    Type compute = computeType(element);
    return SmallVector<Value>{
        elementwise(b, loc, {{sum, compute}}, element,
                    [](OpBuilder &, Location, ValueRange x) { return x[0]; })};
  }

  /// Letters that occur twice in one operand take its diagonal; `letters` keeps
  /// one of each.
  static Value diagonal(OpBuilder &b, Location loc, Value input,
                        std::string &letters) {
    std::string once;
    Dims dims, from = dimsOf(b, loc, input);
    for (auto [i, c] : llvm::enumerate(letters)) {
      if (once.find(c) != std::string::npos)
        continue;
      once.push_back(c);
      dims.push_back(from[i]);
    }
    if (once == letters)
      return input;
    Type storage = cast<RankedTensorType>(input.getType()).getElementType();
    std::string all = std::exchange(letters, once);
    return generate(b, loc, dims, storage,
                    [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
                      SmallVector<Value> place;
                      for (char c : all)
                        place.push_back(at[once.find(c)]);
                      return tensor::ExtractOp::create(b, loc, input, place);
                    });
  }

  /// The running sum plus the product of the operands' elements.
  static Value term(OpBuilder &b, Location loc, ValueRange args, Type element) {
    Value product;
    bool isFloat = isa<FloatType>(element);
    for (Value stored : args.drop_back()) {
      Value x = toCompute(b, loc, stored, element);
      if (!product)
        product = x;
      else
        product = isFloat ? Value(arith::MulFOp::create(b, loc, product, x))
                          : Value(arith::MulIOp::create(b, loc, product, x));
    }
    return isFloat ? Value(arith::AddFOp::create(b, loc, args.back(), product))
                   : Value(arith::AddIOp::create(b, loc, args.back(), product));
  }
};

} // namespace

void populateEinsumPatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns) {
  patterns.add<LowerEinsum>(converter, patterns.getContext());
}

} // namespace tegula::graph
