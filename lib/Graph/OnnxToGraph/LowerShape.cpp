//===- LowerShape.cpp -------------------------------------------------===//

#include "Patterns.h"

using namespace mlir;

namespace tegula::graph {

void populateShapePatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns) {}

} // namespace tegula::graph
