//===- Constants.cpp - Bytes of constants, and constants of bytes ---------===//

#include "tegula/Graph/IR/Constants.h"

#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

ArrayRef<char> tegula::graph::bytesOf(ElementsAttr constant) {
  if (auto resource = dyn_cast_if_present<DenseResourceElementsAttr>(constant))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  auto dense = dyn_cast_if_present<DenseElementsAttr>(constant);
  return dense ? dense.getRawData() : ArrayRef<char>();
}

ElementsAttr
tegula::graph::makeConstant(RankedTensorType type, StringRef name,
                            function_ref<void(MutableArrayRef<char>)> fill) {
  int64_t size =
      type.getNumElements() * (type.getElementTypeBitWidth() / CHAR_BIT);
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(size, /*align=*/64,
                                                       /*dataIsMutable=*/true);
  fill(blob.getMutableData());
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}
