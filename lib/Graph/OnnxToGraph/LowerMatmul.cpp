//===- LowerMatmul.cpp -------------------------------------------------===//

#include "Patterns.h"

using namespace mlir;

namespace tegula::graph {

void populateMatmulPatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns) {}

} // namespace tegula::graph
