//===- TensorCore.cpp - The matrix instruction of a warp ------------------===//

#include "TensorCore.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace tegula::tile;

TensorCore::TensorCore(OpBuilder &builder, Location loc, StringRef numerics)
    : builder(builder), loc(loc), isSplit(numerics == "tf32x3") {
  element = isSplit             ? Type(builder.getF32Type())
            : numerics == "f16" ? Type(builder.getF16Type())
                                : Type(builder.getBF16Type());
}

/// The bits of a float that TF32 keeps: sign, exponent, 10 of the significand.
static constexpr uint32_t kTf32Bits = 0xffffe000;
static constexpr uint32_t kMagnitudeBits = 0x7fffffff;
static constexpr uint32_t kInfinity = 0x7f800000;
static constexpr uint32_t kHalfOfLastBit = 0x1000;
static constexpr uint32_t kRoundsToInfinity = kInfinity - kHalfOfLastBit;

/// A float is the sum of a TF32 number and a rest, which is cut to TF32 again:
/// 22 bits in all. The rest of an infinity is zero, and its leading part
/// must not meet the zero rest of the other operand: that product is NaN.
static void split(OpBuilder &builder, Location loc, Value value,
                  TensorCore::Fragment &fragment) {
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  auto constant = [&](uint32_t bits) {
    return arith::ConstantOp::create(
        builder, loc, builder.getIntegerAttr(i32, int32_t(bits)));
  };
  Value bits = arith::BitcastOp::create(builder, loc, i32, value);
  Value magnitude =
      arith::AndIOp::create(builder, loc, bits, constant(kMagnitudeBits));
  Value isFinite = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::ult, magnitude, constant(kInfinity));
  Value zero = constant(0);
  // Rounded to nearest, or the rests would all have the sign of their number
  // and their product, which is left out, would add up. Not to infinity.
  Value staysFinite =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, magnitude,
                            constant(kRoundsToInfinity));
  Value half = arith::SelectOp::create(builder, loc, staysFinite,
                                       constant(kHalfOfLastBit), zero);
  Value cut = arith::AddIOp::create(builder, loc, bits, half);
  cut = arith::AndIOp::create(builder, loc, cut, constant(kTf32Bits));
  Value cutFloat = arith::BitcastOp::create(builder, loc, f32, cut);
  Value rest = arith::SubFOp::create(builder, loc, value, cutFloat);
  rest = arith::BitcastOp::create(builder, loc, i32, rest);
  rest = arith::AndIOp::create(builder, loc, rest, constant(kTf32Bits));
  // Of a NaN all bits stay, or it might become an infinity.
  fragment.main.push_back(
      arith::SelectOp::create(builder, loc, isFinite, cut, bits));
  fragment.rest.push_back(
      arith::SelectOp::create(builder, loc, isFinite, rest, zero));
  fragment.finite.push_back(
      arith::SelectOp::create(builder, loc, isFinite, cut, zero));
}

TensorCore::Fragment TensorCore::makeFragment(ArrayRef<Value> registers) const {
  Fragment fragment;
  for (Value value : registers) {
    if (isSplit)
      split(builder, loc, value, fragment);
    else if (element.isF16())
      fragment.main.push_back(value);
    else // A pair of bf16 is passed as its bits.
      fragment.main.push_back(
          LLVM::BitcastOp::create(builder, loc, builder.getI32Type(), value));
  }
  return fragment;
}

void TensorCore::issue(ArrayRef<Value> rows, ArrayRef<Value> columns,
                       MutableArrayRef<Value> accumulators) const {
  NVVM::MMATypes kind = isSplit           ? NVVM::MMATypes::tf32
                        : element.isF16() ? NVVM::MMATypes::f16
                                          : NVVM::MMATypes::bf16;
  SmallVector<Type> types(4, builder.getF32Type());
  auto structure =
      LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
  Value result = NVVM::MmaOp::create(
      builder, loc, structure, rows, columns, ValueRange(accumulators),
      {kRows, kColumns, getDepth()}, /*b1Op=*/std::nullopt,
      /*intOverflow=*/std::nullopt, std::array<NVVM::MMATypes, 2>{kind, kind},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                     NVVM::MMALayout::col});
  for (auto [i, accumulator] : llvm::enumerate(accumulators))
    accumulator = LLVM::ExtractValueOp::create(builder, loc, result,
                                               ArrayRef<int64_t>(i));
}

void TensorCore::multiply(const Fragment &rows, const Fragment &columns,
                          MutableArrayRef<Value> accumulators) const {
  if (isSplit) { // The small products first.
    issue(rows.rest, columns.finite, accumulators);
    issue(rows.finite, columns.rest, accumulators);
  }
  issue(rows.main, columns.main, accumulators);
}
