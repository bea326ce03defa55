//===- LowerRecurrent.cpp - RNN, GRU, LSTM --------------------------------===//
//
// The products of the inputs with W do not depend on the state: one matrix
// product for all time steps and directions. The loop over time has the
// products with R and the elementwise cell, of both directions at once: step s
// is time s of the one and time last - s of the other, so that two threads have
// a direction each. All in f32; results are rounded once.
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

/// Directions that go through time together. X is [time, batch, input]; all
/// other tensors but the lengths have a first dimension of directions.
struct Recurrence {
  Value x, w, r, bias, peepholes, lengths, h, c;
  Type element;
  SmallVector<bool, 2> reverse; ///< Of each direction.
  std::optional<double> clip;
  ArrayRef<Activation> activations;
  OpFoldResult time, batch, hidden;

  OpFoldResult directions(OpBuilder &b) const {
    return b.getIndexAttr(reverse.size());
  }
};

/// The slices `index` to `index + count` along the first dimension. Those of a
/// constant are a constant: weights can be packed only if they are known.
Value partOf(OpBuilder &b, Location loc, Value tensor, int64_t index,
             int64_t count) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getDimSize(0) == count)
    return tensor;
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = count;
  auto partType = type.clone(shape);
  ArrayRef<char> bytes = constantBytes(tensor);
  size_t size =
      partType.hasStaticShape()
          ? partType.getNumElements() * partType.getElementTypeBitWidth() / 8
          : 0;
  if (size && bytes.size() * count == size * type.getDimSize(0))
    return arith::ConstantOp::create(
        b, loc,
        makeConstant(partType, "part",
                     bytes.slice(index * (size / count), size)));
  Dims sizes = dimsOf(b, loc, tensor);
  Dims offsets(sizes.size(), b.getIndexAttr(0)),
      ones(sizes.size(), b.getIndexAttr(1));
  offsets[0] = b.getIndexAttr(index);
  sizes[0] = b.getIndexAttr(count);
  return tensor::ExtractSliceOp::create(b, loc, partType, tensor, offsets,
                                        sizes, ones);
}

/// The time of step `step` for the direction `direction`, an index.
Value timeOf(OpBuilder &b, Location loc, const Recurrence &d, Value step,
             Value direction) {
  Value last =
      subIndex(b, loc, asValue(b, loc, d.time), indexConstant(b, loc, 1));
  Value back = subIndex(b, loc, last, step);
  if (llvm::all_equal(d.reverse))
    return d.reverse.front() ? back : step;
  // The second direction goes back.
  Value isFirst = compareIndex(b, loc, arith::CmpIPredicate::eq, direction,
                               indexConstant(b, loc, 0));
  return selectOf(b, loc, isFirst, step, back);
}

Value asF32(OpBuilder &b, Location loc, Value tensor, Type element) {
  if (element.isF32())
    return tensor;
  return elementwise(b, loc, {{tensor, element}}, b.getF32Type(),
                     [](OpBuilder &, Location, ValueRange x) { return x[0]; });
}

/// Reads element (direction, row, gate * hidden + column) of a tensor of gates;
/// what has no rows is the same for all.
struct GateReader {
  OpBuilder &b;
  Location loc;
  Value direction, row, column, hidden;

  Value at(Value tensor, int64_t gate) {
    Value place = addIndex(
        b, loc, mulIndex(b, loc, indexConstant(b, loc, gate), hidden), column);
    if (cast<RankedTensorType>(tensor.getType()).getRank() == 2)
      return tensor::ExtractOp::create(b, loc, tensor,
                                       ValueRange{direction, place});
    return tensor::ExtractOp::create(b, loc, tensor,
                                     ValueRange{direction, row, place});
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
  Cell(const Recurrence &d) : d(d) {}
  virtual ~Cell() = default;

  /// The new values of the state: h, and for an LSTM c.
  virtual SmallVector<Value> step(OpBuilder &b, Location loc, Value products,
                                  ValueRange state) = 0;
  /// The gates that the products with X and both biases are added to.
  virtual int64_t numGates() const = 0;
  /// Gates whose bias of R is added by `step`, not before the loop.
  virtual bool addsRecurrentBias(int64_t gate) const { return false; }

protected:
  /// One element per direction, row and column.
  Value perElement(OpBuilder &b, Location loc,
                   function_ref<Value(GateReader)> body) {
    Value hidden = asValue(b, loc, d.hidden);
    return generate(
        b, loc, {d.directions(b), d.batch, d.hidden}, b.getF32Type(),
        [&](OpBuilder &b, Location loc, ValueRange at) {
          return body(GateReader{b, loc, at[0], at[1], at[2], hidden});
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

  /// sum over k of h[d, i, k] * r[d, j, k], added to `products`.
  Value recurrentProducts(OpBuilder &b, Location loc, Value h, Value products) {
    AffineExpr direction, i, j, k;
    bindDims(b.getContext(), direction, i, j, k);
    auto map = [&](AffineExpr p, AffineExpr q) {
      return AffineMap::get(4, 0, {direction, p, q}, b.getContext());
    };
    return contract(b, loc, h, d.r, products,
                    {map(i, k), map(j, k), map(i, j)});
  }

  const Recurrence &d;
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
  LstmCell(const Recurrence &d, bool inputForget)
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
  GruCell(const Recurrence &d, bool linearBeforeReset)
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

/// The biases that are added before the loop: [directions, gates * hidden].
Value inputBias(OpBuilder &b, Location loc, const Recurrence &d,
                const Cell &cell, OpFoldResult width) {
  int64_t last = cell.numGates() - 1;
  Value hidden = asValue(b, loc, d.hidden);
  return generate(
      b, loc, {d.directions(b), width}, b.getF32Type(),
      [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
        Value x = tensor::ExtractOp::create(b, loc, d.bias, at);
        Value place = addIndex(b, loc, at[1], asValue(b, loc, width));
        Value y =
            tensor::ExtractOp::create(b, loc, d.bias, ValueRange{at[0], place});
        if (cell.addsRecurrentBias(last)) {
          Value first = mulIndex(b, loc, indexConstant(b, loc, last), hidden);
          Value inside =
              compareIndex(b, loc, arith::CmpIPredicate::slt, at[1], first);
          y = selectOf(b, loc, inside, y,
                       constantOf(b, loc, b.getF32Type(), 0));
        }
        return arith::AddFOp::create(b, loc, x, y);
      });
}

/// W of all directions as one matrix [directions * gates * hidden, input]. That
/// of a constant is a constant.
Value flatWeights(OpBuilder &b, Location loc, Value w, OpFoldResult columns) {
  auto type = cast<RankedTensorType>(w.getType());
  ArrayRef<char> bytes = constantBytes(w);
  if (bytes.empty())
    return reshapeTo(b, loc, w, {columns, dimOf(b, loc, w, 2)});
  auto flat =
      type.clone({type.getDimSize(0) * type.getDimSize(1), type.getDimSize(2)});
  return arith::ConstantOp::create(b, loc, makeConstant(flat, "flat", bytes));
}

/// X * W^T and the biases for all times: [time, batch, directions, gates *
/// hidden].
Value inputProducts(OpBuilder &b, Location loc, const Recurrence &d,
                    const Cell &cell) {
  OpFoldResult rows = mulDims(b, loc, d.time, d.batch);
  OpFoldResult width = dimOf(b, loc, d.w, 1);
  OpFoldResult columns = mulDims(b, loc, d.directions(b), width);
  Value initial =
      filled(b, loc, {rows, columns}, constantOf(b, loc, b.getF32Type(), 0));
  if (d.bias)
    initial = broadcastTo(
        b, loc, reshapeTo(b, loc, inputBias(b, loc, d, cell, width), {columns}),
        {rows, columns});
  AffineExpr i, j, k;
  bindDims(b.getContext(), i, j, k);
  auto map = [&](AffineExpr p, AffineExpr q) {
    return AffineMap::get(3, 0, {p, q}, b.getContext());
  };
  Value products =
      contract(b, loc, reshapeTo(b, loc, d.x, {rows, dimOf(b, loc, d.x, 2)}),
               flatWeights(b, loc, d.w, columns), initial,
               {map(i, k), map(j, k), map(i, j)});
  return reshapeTo(b, loc, products, {d.time, d.batch, d.directions(b), width});
}

/// The products of a step: [directions, batch, gates * hidden].
Value productsOfStep(OpBuilder &b, Location loc, const Recurrence &d,
                     Value products, Value step) {
  return generate(
      b, loc, {d.directions(b), d.batch, dimOf(b, loc, products, 3)},
      b.getF32Type(), [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
        Value time = timeOf(b, loc, d, step, at[0]);
        return tensor::ExtractOp::create(b, loc, products,
                                         ValueRange{time, at[1], at[0], at[2]});
      });
}

/// The old value of each state where the sequence has ended.
Value unlessEnded(OpBuilder &b, Location loc, const Recurrence &d, Value step,
                  Value fresh, Value old) {
  return generate(
      b, loc, {d.directions(b), d.batch, d.hidden}, b.getF32Type(),
      [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
        Value length = toIndex(
            b, loc, tensor::ExtractOp::create(b, loc, d.lengths, at[1]));
        Value runs = compareIndex(b, loc, arith::CmpIPredicate::slt,
                                  timeOf(b, loc, d, step, at[0]), length);
        Value x = tensor::ExtractOp::create(b, loc, fresh, at);
        Value y = old ? Value(tensor::ExtractOp::create(b, loc, old, at))
                      : constantOf(b, loc, b.getF32Type(), 0);
        return arith::SelectOp::create(b, loc, runs, x, y);
      });
}

/// The outputs in the order of time: [time, directions, batch, hidden].
Value inOrderOfTime(OpBuilder &b, Location loc, const Recurrence &d,
                    Value outputs) {
  if (llvm::none_of(d.reverse, [](bool reverse) { return reverse; }))
    return outputs;
  return generate(b, loc, dimsOf(b, loc, outputs), b.getF32Type(),
                  [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
                    // What takes a time to its step and back is the same.
                    Value step = timeOf(b, loc, d, at[0], at[1]);
                    return tensor::ExtractOp::create(
                        b, loc, outputs, ValueRange{step, at[1], at[2], at[3]});
                  });
}

/// The outputs of all times [time, directions, batch, hidden] and the last
/// state.
SmallVector<Value> runRecurrence(OpBuilder &b, Location loc,
                                 const Recurrence &d, Cell &cell) {
  Value products = inputProducts(b, loc, d, cell);
  Value outputs = emptyTensor(
      b, loc, {d.time, d.directions(b), d.batch, d.hidden}, b.getF32Type());
  SmallVector<Value> initial = {outputs, d.h};
  if (d.c)
    initial.push_back(d.c);
  SmallVector<Value> results = forEachIndex(
      b, loc, {d.time}, initial,
      [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
        Value now = productsOfStep(b, loc, d, products, at[0]);
        ValueRange state = carried.drop_front();
        SmallVector<Value> next = cell.step(b, loc, now, state);
        Value output = next[0];
        if (d.lengths) {
          output = unlessEnded(b, loc, d, at[0], output, {});
          for (auto [fresh, old] : llvm::zip_equal(next, state))
            fresh = unlessEnded(b, loc, d, at[0], fresh, old);
        }
        next.insert(next.begin(), writePart(b, loc, output, carried[0],
                                            /*axis=*/0, at[0]));
        return next;
      });
  results[0] = inOrderOfTime(b, loc, d, results[0]);
  return results;
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
    const int64_t count = op.getDirection() == "bidirectional" ? 2 : 1;
    if (wType.getRank() != 3 || wType.getDimSize(0) != count || element.isF64())
      return this->refuse(op, "the weights should be floats of rank 3, first "
                              "one or two directions as the attribute says");
    std::optional<SmallVector<Activation>> activations =
        activationsOf(op, count);
    if (!activations)
      return this->refuse(op, "an activation is not one of ONNX, or there are "
                              "too few");
    Recurrence d = shared(b, loc, op, in, element);
    // Directions with activations of their own go through time on their own.
    ArrayRef<Activation> all(*activations);
    const bool together =
        all.take_front(perDirection) == all.take_back(perDirection);
    const int64_t group = together ? count : 1;
    SmallVector<SmallVector<Value>> results;
    for (int64_t i = 0; i < count; i += group) {
      d.reverse.clear();
      for (int64_t j = i; j < i + group; ++j)
        d.reverse.push_back(op.getDirection() == "reverse" || j == 1);
      d.activations = all.slice(i * perDirection, perDirection);
      operandsOf(b, loc, in, d, i, op.getLayout() != 0);
      results.push_back(run(b, loc, op, d));
    }
    return joined(b, loc, op, d, results);
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

  /// What all directions have in common.
  static Recurrence shared(OpBuilder &b, Location loc, Op op, Adaptor in,
                           Type element) {
    Recurrence d;
    d.element = element;
    Value x = in.getX();
    if (op.getLayout() != 0)
      x = transposed(b, loc, x, {1, 0, 2});
    d.x = asF32(b, loc, x, element);
    d.time = dimOf(b, loc, d.x, 0);
    d.batch = dimOf(b, loc, d.x, 1);
    d.hidden = dimOf(b, loc, in.getR(), 2);
    if (!onnx::isAbsent(in.getSequenceLens()))
      d.lengths = in.getSequenceLens();
    if (auto clip = op.getClip(); clip && clip->convertToFloat() > 0)
      d.clip = clip->convertToFloat();
    return d;
  }

  /// The operands of the directions from `first` on, as f32.
  static void operandsOf(OpBuilder &b, Location loc, Adaptor in, Recurrence &d,
                         int64_t first, bool batchFirst) {
    const int64_t count = d.reverse.size();
    auto part = [&](Value tensor) {
      return asF32(b, loc, partOf(b, loc, tensor, first, count), d.element);
    };
    auto optional = [&](Value tensor) {
      return onnx::isAbsent(tensor) ? Value() : part(tensor);
    };
    auto state = [&](Value tensor) -> Value {
      if (onnx::isAbsent(tensor))
        return filled(b, loc, {d.directions(b), d.batch, d.hidden},
                      constantOf(b, loc, b.getF32Type(), 0));
      return part(batchFirst ? transposed(b, loc, tensor, {1, 0, 2}) : tensor);
    };
    auto stateType = RankedTensorType::get(
        staticShape({d.directions(b), d.batch, d.hidden}), b.getF32Type());
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
                                const Recurrence &d) {
    if constexpr (isLstm) {
      LstmCell cell(d, op.getInputForget() != 0);
      return runRecurrence(b, loc, d, cell);
    } else if constexpr (isGru) {
      GruCell cell(d, op.getLinearBeforeReset() != 0);
      return runRecurrence(b, loc, d, cell);
    } else {
      SimpleCell cell(d);
      return runRecurrence(b, loc, d, cell);
    }
  }

  /// Directions side by side, in the layout and type of the results.
  static SmallVector<Value> joined(OpBuilder &b, Location loc, Op op,
                                   const Recurrence &d,
                                   ArrayRef<SmallVector<Value>> results) {
    SmallVector<Value> out;
    for (auto [i, result] : llvm::enumerate(op->getResults())) {
      if (onnx::isAbsent(result)) {
        out.push_back({});
        continue;
      }
      SmallVector<Value> parts;
      for (const SmallVector<Value> &group : results)
        parts.push_back(group[i]);
      // The directions of Y are its second dimension, of the states the first.
      Value all = parts.size() == 1
                      ? parts[0]
                      : tensor::ConcatOp::create(b, loc, i == 0 ? 1 : 0, parts)
                            .getResult();
      if (op.getLayout() != 0)
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
