//===- ExternalizeWeights.cpp - Constants to the weight blob --------------===//

#include "tegula/Tile/Transforms/Passes.h"
#include "tegula/Tile/Transforms/Weights.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

namespace tegula::tile {
#define GEN_PASS_DEF_EXTERNALIZEWEIGHTSPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula::tile;

/// The bytes of a constant as compiled code reads them: row-major, one i1 a
/// byte. Splats are written out.
static FailureOr<ArrayRef<char>> constantBytes(ElementsAttr value,
                                               WeightBlob &blob) {
  auto type = cast<ShapedType>(value.getType());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *data = resource.getRawHandle().getBlob();
    if (!data)
      return failure();
    return data->getData();
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || !type.getElementType().isIntOrIndexOrFloat())
    return failure();
  if (type.getElementType().isInteger(1)) {
    std::vector<char> &bytes = blob.owned.emplace_back();
    for (bool bit : dense.getValues<bool>())
      bytes.push_back(bit);
    return ArrayRef<char>(bytes);
  }
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat())
    return raw;
  std::vector<char> &bytes = blob.owned.emplace_back();
  bytes.reserve(raw.size() * type.getNumElements());
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  return ArrayRef<char>(bytes);
}

namespace {

/// Places byte strings in the blob, equal ones only once.
class BlobLayout {
public:
  explicit BlobLayout(WeightBlob &blob) : blob(blob) {}

  int64_t place(ArrayRef<char> bytes) {
    SmallVector<size_t, 1> &candidates =
        byHash[llvm::xxh3_64bits(ArrayRef<uint8_t>(
            reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()))];
    for (size_t index : candidates)
      if (blob.entries[index].bytes == bytes)
        return blob.entries[index].offset;
    candidates.push_back(blob.entries.size());
    int64_t offset = blob.size;
    blob.entries.push_back({offset, bytes});
    blob.size += llvm::alignTo(bytes.size(), kWeightAlignment);
    return offset;
  }

private:
  WeightBlob &blob;
  llvm::DenseMap<uint64_t, SmallVector<size_t, 1>> byHash;
};

} // namespace

/// Replaces `constant` by a view of `size` bytes of weights at `offset`.
static void replaceByView(arith::ConstantOp constant, int64_t offset,
                          int64_t size) {
  OpBuilder builder(constant);
  Location loc = constant.getLoc();
  auto type = cast<RankedTensorType>(constant.getType());
  auto blobType = MemRefType::get({size}, builder.getI8Type());
  auto viewType = MemRefType::get(type.getShape(), type.getElementType());
  Value weights =
      memref::GetGlobalOp::create(builder, loc, blobType, kWeightsSymbol);
  Value shift = arith::ConstantIndexOp::create(builder, loc, offset);
  Value view = memref::ViewOp::create(builder, loc, viewType, weights, shift,
                                      ValueRange());
  Value tensor = bufferization::ToTensorOp::create(builder, loc, type, view,
                                                   /*restrict=*/true);
  constant.replaceAllUsesWith(tensor);
  constant.erase();
}

FailureOr<WeightBlob> tegula::tile::externalizeWeights(ModuleOp module) {
  WeightBlob blob;
  BlobLayout layout(blob);
  SmallVector<std::pair<arith::ConstantOp, int64_t>> places;
  for (func::FuncOp func : module.getOps<func::FuncOp>()) {
    WalkResult result = func.walk([&](arith::ConstantOp constant) {
      auto value = dyn_cast<ElementsAttr>(constant.getValue());
      if (!value || !isa<RankedTensorType>(constant.getType()))
        return WalkResult::advance();
      FailureOr<ArrayRef<char>> bytes = constantBytes(value, blob);
      if (failed(bytes)) {
        constant.emitOpError("of type ")
            << constant.getType() << " has no bytes to put in the artifact";
        return WalkResult::interrupt();
      }
      places.emplace_back(constant, layout.place(*bytes));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
  }
  if (places.empty())
    return blob;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  memref::GlobalOp::create(builder, module.getLoc(), kWeightsSymbol,
                           /*sym_visibility=*/StringAttr(),
                           MemRefType::get({blob.size}, builder.getI8Type()),
                           /*initial_value=*/Attribute(), /*constant=*/true,
                           builder.getI64IntegerAttr(kWeightAlignment));
  for (auto [constant, offset] : places)
    replaceByView(constant, offset, blob.size);
  return blob;
}

namespace {

struct ExternalizeWeightsPass
    : tegula::tile::impl::ExternalizeWeightsPassBase<ExternalizeWeightsPass> {
  void runOnOperation() override {
    if (failed(externalizeWeights(getOperation())))
      signalPassFailure();
  }
};

} // namespace
