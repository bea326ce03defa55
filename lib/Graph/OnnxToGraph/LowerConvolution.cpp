//===- LowerConvolution.cpp -------------------------------------------------===//

#include "Patterns.h"

using namespace mlir;

namespace tegula::graph {

void populateConvolutionPatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns) {}

} // namespace tegula::graph
