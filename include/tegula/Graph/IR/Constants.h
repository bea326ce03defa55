//===- Constants.h - Bytes of constants, and constants of bytes -*- C++ -*-===//

#ifndef TEGULA_GRAPH_IR_CONSTANTS_H
#define TEGULA_GRAPH_IR_CONSTANTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace tegula::graph {

/// The elements of `constant` as bytes, row-major; those of one element if it
/// is a splat. Empty if `constant` is null or its bytes are not at hand.
llvm::ArrayRef<char> bytesOf(mlir::ElementsAttr constant);

/// A constant of `type`, whose elements are whole bytes, that is computed at
/// compile time: `fill` writes its elements, row-major. Names are made unique.
mlir::ElementsAttr
makeConstant(mlir::RankedTensorType type, llvm::StringRef name,
             llvm::function_ref<void(llvm::MutableArrayRef<char>)> fill);

/// The same from a copy of `elements`.
template <typename Element>
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type,
                                llvm::StringRef name,
                                llvm::ArrayRef<Element> elements) {
  return makeConstant(type, name, [&](llvm::MutableArrayRef<char> bytes) {
    llvm::copy(llvm::ArrayRef(reinterpret_cast<const char *>(elements.data()),
                              elements.size() * sizeof(Element)),
               bytes.begin());
  });
}

} // namespace tegula::graph

#endif // TEGULA_GRAPH_IR_CONSTANTS_H
