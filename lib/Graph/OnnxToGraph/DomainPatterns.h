//===- DomainPatterns.h - Operators of images and signals -------*- C++ -*-===//
//
// Populate functions of the rarer operator families.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_DOMAINPATTERNS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_DOMAINPATTERNS_H

#include "mlir/Transforms/DialectConversion.h"

namespace tegula::graph {

void populateEinsumPatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);
void populateResizePatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);
void populateSamplingPatterns(const mlir::TypeConverter &converter,
                              mlir::RewritePatternSet &patterns);
void populateDetectionPatterns(const mlir::TypeConverter &converter,
                               mlir::RewritePatternSet &patterns);
void populateSignalPatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);
void populateRandomPatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_DOMAINPATTERNS_H
