//===- LowerReduction.cpp -------------------------------------------------===//

#include "Patterns.h"

using namespace mlir;

namespace tegula::graph {

void populateReductionPatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns) {}

} // namespace tegula::graph
