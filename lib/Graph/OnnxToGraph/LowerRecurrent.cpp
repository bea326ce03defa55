//===- LowerRecurrent.cpp - RNN, GRU, LSTM --------------------------------===//
//
// The products of the inputs with W do not depend on the state: one matrix
// product for all time steps. The loop over time has the products with R and
// the elementwise cell. All in f32; results are rounded once.
//
//===----------------------------------------------------------------------===//

#include "Activations.h"
#include "Indices.h"
#include "Loops.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "tegula/Graph/IR/Constants.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// Tensors of one direction; X as [time, batch, input], all in stored types.
struct Direction {
  Value x, w, r, bias, peepholes, lengths, h, c;
  Type element;
  bool reverse = false;
  std::optional<double> clip;
  SmallVector<Activation> activations;
  OpFoldResult time, batch, hidden;
};

/// Number `index` of the slices along the first dimension. That of a constant
/// is a constant: weights can be packed only if they are known.
Value partOf(OpBuilder &b, Location loc, Value tensor, OpFoldResult index) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto partType = type.clone(type.getShape().drop_front());
  ArrayRef<char> bytes = constantBytes(tensor);
  std::optional<int64_t> number = getConstantIntValue(index);
  size_t size =
      partType.hasStaticShape()
          ? partType.getNumElements() * partType.getElementTypeBitWidth() / 8
          : 0;
  if (number && size && bytes.size() == size * type.getDimSize(0))
    return arith::ConstantOp::create(
        b, loc,
        makeConstant(partType, "part", bytes.slice(*number * size, size)));
  Dims sizes = dimsOf(b, loc, tensor);
  Dims offsets(sizes.size(), b.getIndexAttr(0)),
      ones(sizes.size(), b.getIndexAttr(1));
  offsets[0] = index;
  sizes[0] = b.getIndexAttr(1);
  return tensor::ExtractSliceOp::create(b, loc, partType, tensor, offsets,
                                        sizes, ones);
}

Value asF32(OpBuilder &b, Location loc, Value tensor, Type element) {
  if (element.isF32())
    return tensor;
  return elementwise(b, loc, {{tensor, element}}, b.getF32Type(),
                     [](OpBuilder &, Location, ValueRange x) { return x[0]; });
}

/// sum over k of x[..., k] * w[j, k], added to `initial`.
Value timesTransposed(OpBuilder &b, Location loc, Value x, Value w,
                      Value initial) {
  AffineExpr i, j, k;
  bindDims(b.getContext(), i, j, k);
  auto map = [&](AffineExpr p, AffineExpr q) {
    return AffineMap::get(3, 0, {p, q}, b.getContext());
  };
  return contract(b, loc, x, w, initial, {map(i, k), map(j, k), map(i, j)});
}

/// Reads element (row, gate * hidden + column) of a tensor of gates; a vector
/// of gates has no rows.
struct GateReader {
  OpBuilder &b;
  Location loc;
  Value row, column, hidden;

  Value at(Value tensor, int64_t gate) {
    Value place = addIndex(
        b, loc, mulIndex(b, loc, indexConstant(b, loc, gate), hidden), column);
    if (cast<RankedTensorType>(tensor.getType()).getRank() == 1)
      return tensor::ExtractOp::create(b, loc, tensor, place);
    return tensor::ExtractOp::create(b, loc, tensor, ValueRange{row, place});
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value oneMinus(Value x) {
    Value one = constantOf(b, loc, b.getF32Type(), 1);
    return arith::SubFOp::create(b, loc, one, x);
  }
};

/// A cell: from the products of one step to the new state.
class Cell {
public:
  Cell(const Direction &d) : d(d) {}
  virtual ~Cell() = default;

  /// The new values of the state: h, and for an LSTM c.
  virtual SmallVector<Value> step(OpBuilder &b, Location loc, Value products,
                                  ValueRange state) = 0;
  /// The gates that the products with X and both biases are added to.
  virtual int64_t numGates() const = 0;
  /// Gates whose bias of R is added by `step`, not before the loop.
  virtual bool addsRecurrentBias(int64_t gate) const { return false; }

protected:
  /// One element per row and column.
  Value perElement(OpBuilder &b, Location loc,
                   function_ref<Value(GateReader)> body) {
    Value hidden = asValue(b, loc, d.hidden);
    return generate(b, loc, {d.batch, d.hidden}, b.getF32Type(),
                    [&](OpBuilder &b, Location loc, ValueRange at) {
                      return body(GateReader{b, loc, at[0], at[1], hidden});
                    });
  }

  Value activated(GateReader g, int64_t which, Value x) {
    if (d.clip) {
      Type f32 = g.b.getF32Type();
      x = arith::MaximumFOp::create(g.b, g.loc, x,
                                    constantOf(g.b, g.loc, f32, -*d.clip));
      x = arith::MinimumFOp::create(g.b, g.loc, x,
                                    constantOf(g.b, g.loc, f32, *d.clip));
    }
    return activate(g.b, g.loc, d.activations[which], x);
  }

  Value recurrentProducts(OpBuilder &b, Location loc, Value h, Value products) {
    return timesTransposed(b, loc, h, d.r, products);
  }

  const Direction &d;
};

struct SimpleCell : Cell {
  using Cell::Cell;
  int64_t numGates() const override { return 1; }

  SmallVector<Value> step(OpBuilder &b, Location loc, Value products,
                          ValueRange state) override {
    Value sum = recurrentProducts(b, loc, state[0], products);
    return {perElement(
        b, loc, [&](GateReader g) { return activated(g, 0, g.at(sum, 0)); })};
  }
};

/// Gates: input, output, forget, cell.
struct LstmCell : Cell {
  LstmCell(const Direction &d, bool inputForget)
      : Cell(d), inputForget(inputForget) {}
  int64_t numGates() const override { return 4; }

  SmallVector<Value> step(OpBuilder &b, Location loc, Value products,
                          ValueRange state) override {
    Value sum = recurrentProducts(b, loc, state[0], products);
    Value old = state[1];
    auto gate = [&](GateReader g, int64_t which, int64_t peephole, Value c) {
      Value x = g.at(sum, which);
      if (d.peepholes)
        x = g.add(x, g.mul(g.at(d.peepholes, peephole), c));
      return activated(g, 0, x);
    };
    Value c = perElement(b, loc, [&](GateReader g) {
      Value before = g.at(old, 0);
      Value input = gate(g, 0, 0, before);
      Value forget = inputForget ? g.oneMinus(input) : gate(g, 2, 2, before);
      Value fresh = activated(g, 1, g.at(sum, 3));
      return g.add(g.mul(forget, before), g.mul(input, fresh));
    });
    Value h = perElement(b, loc, [&](GateReader g) {
      Value now = g.at(c, 0);
      Value output = gate(g, 1, 1, now);
      return g.mul(output, activate(g.b, g.loc, d.activations[2], now));
    });
    return {h, c};
  }

  bool inputForget;
};

/// Gates: update, reset, hidden.
struct GruCell : Cell {
  GruCell(const Direction &d, bool linearBeforeReset)
      : Cell(d), linearBeforeReset(linearBeforeReset) {}
  int64_t numGates() const override { return 3; }
  bool addsRecurrentBias(int64_t gate) const override {
    return linearBeforeReset && gate == 2;
  }

  SmallVector<Value> step(OpBuilder &b, Location loc, Value products,
                          ValueRange state) override {
    Value h = state[0];
    Value zero = constantOf(b, loc, b.getF32Type(), 0);
    Value none = filled(b, loc, dimsOf(b, loc, products), zero);
    Value recurrent = recurrentProducts(b, loc, h, none);
    auto reset = [&](GateReader g) {
      return activated(g, 0, g.add(g.at(products, 1), g.at(recurrent, 1)));
    };
    Value candidate = recurrent;
    int64_t place = 2;
    if (!linearBeforeReset) {
      Value scaled = perElement(
          b, loc, [&](GateReader g) { return g.mul(reset(g), g.at(h, 0)); });
      candidate = recurrentProducts(b, loc, scaled, none);
    }
    return {perElement(b, loc, [&](GateReader g) {
      Value update =
          activated(g, 0, g.add(g.at(products, 0), g.at(recurrent, 0)));
      Value part = g.at(candidate, place);
      if (linearBeforeReset) {
        if (d.bias)
          part = g.add(part, g.at(d.bias, 5));
        part = g.mul(reset(g), part);
      }
      Value fresh = activated(g, 1, g.add(g.at(products, 2), part));
      return g.add(g.mul(g.oneMinus(update), fresh), g.mul(update, g.at(h, 0)));
    })};
  }

  bool linearBeforeReset;
};

/// X * W^T and the biases for all steps: [time, batch, gates * hidden].
Value inputProducts(OpBuilder &b, Location loc, const Direction &d,
                    const Cell &cell) {
  OpFoldResult rows = mulDims(b, loc, d.time, d.batch);
  OpFoldResult width = dimOf(b, loc, d.w, 0);
  Value flat = reshapeTo(b, loc, d.x, {rows, dimOf(b, loc, d.x, 2)});
  Value initial;
  if (d.bias) {
    int64_t gates = cell.numGates();
    Value hidden = asValue(b, loc, d.hidden);
    Value bias = generate(
        b, loc, {width}, b.getF32Type(),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          Value x = tensor::ExtractOp::create(b, loc, d.bias, at[0]);
          Value place = addIndex(b, loc, at[0], asValue(b, loc, width));
          Value y = tensor::ExtractOp::create(b, loc, d.bias, place);
          if (cell.addsRecurrentBias(gates - 1)) {
            Value first =
                mulIndex(b, loc, indexConstant(b, loc, gates - 1), hidden);
            Value inside =
                compareIndex(b, loc, arith::CmpIPredicate::slt, at[0], first);
            y = selectOf(b, loc, inside, y,
                         constantOf(b, loc, b.getF32Type(), 0));
          }
          return arith::AddFOp::create(b, loc, x, y);
        });
    initial = broadcastTo(b, loc, bias, {rows, width});
  } else {
    initial =
        filled(b, loc, {rows, width}, constantOf(b, loc, b.getF32Type(), 0));
  }
  Value products = timesTransposed(b, loc, flat, d.w, initial);
  return reshapeTo(b, loc, products, {d.time, d.batch, width});
}

/// The old value of each state where the sequence has ended.
Value unlessEnded(OpBuilder &b, Location loc, const Direction &d, Value time,
                  Value fresh, Value old) {
  return generate(
      b, loc, {d.batch, d.hidden}, b.getF32Type(),
      [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
        Value length = toIndex(
            b, loc, tensor::ExtractOp::create(b, loc, d.lengths, at[0]));
        Value runs =
            compareIndex(b, loc, arith::CmpIPredicate::slt, time, length);
        Value x = tensor::ExtractOp::create(b, loc, fresh, at);
        Value y = old ? Value(tensor::ExtractOp::create(b, loc, old, at))
                      : constantOf(b, loc, b.getF32Type(), 0);
        return arith::SelectOp::create(b, loc, runs, x, y);
      });
}

/// The outputs of all steps [time, batch, hidden] and the last state.
SmallVector<Value> runDirection(OpBuilder &b, Location loc, const Direction &d,
                                Cell &cell) {
  Value products = inputProducts(b, loc, d, cell);
  Value outputs =
      emptyTensor(b, loc, {d.time, d.batch, d.hidden}, b.getF32Type());
  SmallVector<Value> initial = {outputs, d.h};
  if (d.c)
    initial.push_back(d.c);
  Value last =
      subIndex(b, loc, asValue(b, loc, d.time), indexConstant(b, loc, 1));
  return forEachIndex(
      b, loc, {d.time}, initial,
      [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
        Value time = d.reverse ? subIndex(b, loc, last, at[0]) : at[0];
        Value now = partOf(b, loc, products, time);
        ValueRange state = carried.drop_front();
        SmallVector<Value> next = cell.step(b, loc, now, state);
        Value output = next[0];
        if (d.lengths) {
          output = unlessEnded(b, loc, d, time, output, {});
          for (auto [fresh, old] : llvm::zip_equal(next, state))
            fresh = unlessEnded(b, loc, d, time, fresh, old);
        }
        next.insert(next.begin(), writePart(b, loc, output, carried[0],
                                            /*axis=*/0, time));
        return next;
      });
}

/// What RNN, GRU and LSTM share: directions, layouts, optional operands.
template <typename Op>
struct LowerRecurrent : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;
  static constexpr bool isLstm = std::is_same_v<Op, onnx::LSTMOp>;
  static constexpr bool isGru = std::is_same_v<Op, onnx::GRUOp>;
  static constexpr int64_t perDirection = isLstm ? 3 : isGru ? 2 : 1;

  Lowered lower(Op op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = this->elementOf(op.getX());
    auto wType = cast<RankedTensorType>(in.getW().getType());
    if (wType.getRank() != 3 || wType.isDynamicDim(0) || element.isF64())
      return this->refuse(op, "the weights should be floats of rank 3 with a "
                              "known number of directions");
    int64_t count = wType.getDimSize(0);
    std::optional<SmallVector<Activation>> activations =
        activationsOf(op, count);
    if (!activations)
      return this->refuse(op, "an activation is not one of ONNX, or there are "
                              "too few");
    bool batchFirst = op.getLayout() != 0;
    Direction d;
    d.element = element;
    Value x = in.getX();
    if (batchFirst)
      x = transposed(b, loc, x, {1, 0, 2});
    d.x = asF32(b, loc, x, element);
    d.time = dimOf(b, loc, d.x, 0);
    d.batch = dimOf(b, loc, d.x, 1);
    d.hidden = dimOf(b, loc, in.getR(), 2);
    if (!onnx::isAbsent(in.getSequenceLens()))
      d.lengths = in.getSequenceLens();
    if (auto clip = op.getClip(); clip && clip->convertToFloat() > 0)
      d.clip = clip->convertToFloat();
    SmallVector<SmallVector<Value>> results;
    for (int64_t i = 0; i < count; ++i) {
      d.reverse = op.getDirection() == "reverse" || i == 1;
      ArrayRef<Activation> all(*activations);
      d.activations.assign(all.slice(i * perDirection, perDirection).begin(),
                           all.slice(i * perDirection, perDirection).end());
      operandsOf(b, loc, in, d, i, batchFirst);
      results.push_back(run(b, loc, op, d));
    }
    return joined(b, loc, op, d, results, batchFirst);
  }

private:
  static std::optional<SmallVector<Activation>> activationsOf(Op op,
                                                              int64_t count) {
    static const char *const defaults[] = {"Sigmoid", "Tanh", "Tanh"};
    SmallVector<Activation> out;
    auto given = op.getActivations();
    ArrayRef<float> alphas, betas;
    if (auto values = op.getActivationAlpha())
      alphas = *values;
    if (auto values = op.getActivationBeta())
      betas = *values;
    for (int64_t i = 0; i < count * perDirection; ++i) {
      StringRef name = perDirection == 1 ? "Tanh" : defaults[i % perDirection];
      if (given) {
        if (i >= int64_t(given->size()))
          return std::nullopt;
        name = cast<StringAttr>((*given)[i]).getValue();
      }
      auto activation = activationNamed(name);
      if (!activation)
        return std::nullopt;
      if (i < int64_t(alphas.size()))
        activation->alpha = alphas[i];
      if (i < int64_t(betas.size()))
        activation->beta = betas[i];
      out.push_back(*activation);
    }
    return out;
  }

  /// The operands of direction `i`, as f32.
  static void operandsOf(OpBuilder &b, Location loc, Adaptor in, Direction &d,
                         int64_t i, bool batchFirst) {
    auto part = [&](Value tensor) {
      return asF32(b, loc, partOf(b, loc, tensor, b.getIndexAttr(i)),
                   d.element);
    };
    auto optional = [&](Value tensor) {
      return onnx::isAbsent(tensor) ? Value() : part(tensor);
    };
    auto state = [&](Value tensor) -> Value {
      if (onnx::isAbsent(tensor))
        return filled(b, loc, {d.batch, d.hidden},
                      constantOf(b, loc, b.getF32Type(), 0));
      return part(batchFirst ? transposed(b, loc, tensor, {1, 0, 2}) : tensor);
    };
    auto stateType =
        RankedTensorType::get(staticShape({d.batch, d.hidden}), b.getF32Type());
    d.w = part(in.getW());
    d.r = part(in.getR());
    d.bias = optional(in.getB());
    d.h = castTo(b, loc, state(in.getInitialH()), stateType);
    if constexpr (isLstm) {
      d.c = castTo(b, loc, state(in.getInitialC()), stateType);
      d.peepholes = optional(in.getP());
    }
  }

  static SmallVector<Value> run(OpBuilder &b, Location loc, Op op,
                                const Direction &d) {
    if constexpr (isLstm) {
      LstmCell cell(d, op.getInputForget() != 0);
      return runDirection(b, loc, d, cell);
    } else if constexpr (isGru) {
      GruCell cell(d, op.getLinearBeforeReset() != 0);
      return runDirection(b, loc, d, cell);
    } else {
      SimpleCell cell(d);
      return runDirection(b, loc, d, cell);
    }
  }

  /// Directions side by side, in the layout and type of the results.
  static SmallVector<Value> joined(OpBuilder &b, Location loc, Op op,
                                   const Direction &d,
                                   ArrayRef<SmallVector<Value>> results,
                                   bool batchFirst) {
    SmallVector<Value> out;
    for (auto [i, result] : llvm::enumerate(op->getResults())) {
      if (onnx::isAbsent(result)) {
        out.push_back({});
        continue;
      }
      // Y gets its dimension of directions at 1, the states at 0.
      int64_t axis = i == 0 ? 1 : 0;
      SmallVector<Value> parts;
      for (const SmallVector<Value> &direction : results) {
        Dims dims = dimsOf(b, loc, direction[i]);
        dims.insert(dims.begin() + axis, b.getIndexAttr(1));
        parts.push_back(reshapeTo(b, loc, direction[i], dims));
      }
      Value all =
          parts.size() == 1
              ? parts[0]
              : tensor::ConcatOp::create(b, loc, axis, parts).getResult();
      if (batchFirst)
        all = i == 0 ? transposed(b, loc, all, {2, 0, 1, 3})
                     : transposed(b, loc, all, {1, 0, 2});
      if (!d.element.isF32())
        all = elementwise(
            b, loc, {{all, b.getF32Type()}}, d.element,
            [](OpBuilder &, Location, ValueRange x) { return x[0]; });
      out.push_back(all);
    }
    return out;
  }
};

} // namespace

void populateRecurrentPatterns(const TypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<LowerRecurrent<onnx::RNNOp>, LowerRecurrent<onnx::GRUOp>,
               LowerRecurrent<onnx::LSTMOp>>(converter, patterns.getContext());
}

} // namespace tegula::graph
