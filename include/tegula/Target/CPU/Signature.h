//===- Signature.h - What an artifact says about its model ---------------===//

#ifndef TEGULA_TARGET_CPU_SIGNATURE_H
#define TEGULA_TARGET_CPU_SIGNATURE_H

#include "tegula/Target/CPU/EmitObject.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace tegula {
namespace target {

/// One input or output of the model.
struct TensorSignature {
  std::string name;                  ///< As in the model: any text.
  int32_t dtype = 1;                 ///< ONNX's TensorProto.DataType.
  std::vector<int64_t> dims;         ///< -1: known at run time only.
  std::vector<std::string> dimNames; ///< "" or missing: no name.
  bool isRanked = true;              ///< False: any rank; dims are empty.
};

/// The manifest before it is compiled; the fields are those of TegulaManifest.
struct ArtifactSignature {
  std::string name; ///< Any text; see sanitizeIdentifier.
  std::vector<TensorSignature> inputs;
  std::vector<TensorSignature> outputs;
  int64_t arenaBytes = 0;
  int64_t numSlots = 0;
  int64_t weightBytes = 0;
  std::string provenance; ///< Compiler version, target, options: deterministic.
  std::string description; ///< Free text for the header; may be empty.
};

/// A C identifier made of untrusted text: letters, digits and underscores,
/// starting with a letter, at most 70 characters. Different texts may give the
/// same identifier.
std::string sanitizeIdentifier(llvm::StringRef text);

/// Identifiers for many texts, in order, none equal to another or to a keyword
/// of C or C++: repeated ones get a number.
std::vector<std::string>
sanitizeIdentifiers(const std::vector<std::string> &texts);

/// `text` as the contents of a C comment or string: printable ASCII only.
std::string escapeText(llvm::StringRef text);

/// ONNX's name of a dtype ("float", "int64"), "?" if it has none.
const char *dtypeName(int32_t dtype);

/// The C type that the header uses for a dtype ("float", "uint8_t"); nullptr if
/// an element has no C type (strings).
const char *dtypeCType(int32_t dtype);

/// Bytes of one element in memory, 0 for strings and unknown types.
int64_t dtypeBytes(int32_t dtype);

/// Is the size of the tensor known at run time only?
bool isDynamic(const TensorSignature &tensor);

/// Bytes of a tensor that is not dynamic.
int64_t staticBytes(const TensorSignature &tensor);

/// Element types, ranks and sizes that an artifact can describe.
llvm::Error checkSignature(const ArtifactSignature &signature);

/// The object file that holds tegula_manifest and the typed functions
/// `<name>_model`, `_create`, `_run`, `_destroy` and `_last_error`. The
/// required processor features are those that `options` implies.
llvm::Expected<llvm::SmallVector<char, 0>>
emitManifest(const ArtifactSignature &signature, const EmitOptions &options);

/// The text of `<name>.h`: needs only <stdint.h>, valid C99 and C++.
llvm::Expected<std::string> emitHeader(const ArtifactSignature &signature);

/// The features of kCpuFeatures that `options` implies, with commas.
llvm::Expected<std::string> requiredCpuFeatures(const EmitOptions &options);

} // namespace target
} // namespace tegula

#endif // TEGULA_TARGET_CPU_SIGNATURE_H
