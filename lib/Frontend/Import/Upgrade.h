//===- Upgrade.h - Rules from older operator sets to the newest -*- C++ -*-===//
//
// Private to lib/Frontend/Import. One table for each family of operators; a
// rule brings a node from operator sets up to `lastVersion` to the next, so
// that a chain of rules brings any node to the newest. A rule changes the node
// in place and may put nodes of the newest set around it.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_FRONTEND_IMPORT_UPGRADE_H
#define TEGULA_LIB_FRONTEND_IMPORT_UPGRADE_H

#include "Importer.h"

namespace tegula::frontend {

/// One node on its way to the newest operator set.
class NodeUpgrade {
public:
  NodeUpgrade(const ::onnx::NodeProto &original, ValueNames values)
      : node(original), values(values) {}

  /// The node itself, changed in place.
  ::onnx::NodeProto node;

  /// Nodes of the newest set that stand before and after it.
  std::vector<::onnx::NodeProto> before, after;

  bool hasInput(int index) const {
    return index < node.input_size() && !node.input(index).empty();
  }
  bool hasOutput(int index) const {
    return index < node.output_size() && !node.output(index).empty();
  }
  std::string input(int index) const {
    return index < node.input_size() ? node.input(index) : std::string();
  }
  /// Sets an input; those between the last one and it become absent.
  void setInput(int index, const std::string &name);
  void truncateOutputs(int count);

  /// The type of an input, null when it is absent or not defined.
  mlir::Type typeOf(int input) const;
  /// Its rank, nothing when it is not known.
  std::optional<int64_t> rankOf(int input) const;

  const ::onnx::AttributeProto *find(llvm::StringRef name) const;
  void drop(llvm::StringRef name);
  /// These remove the attribute that they return.
  std::optional<int64_t> takeInt(llvm::StringRef name);
  std::optional<float> takeFloat(llvm::StringRef name);
  std::optional<std::string> takeString(llvm::StringRef name);
  std::optional<std::vector<int64_t>> takeInts(llvm::StringRef name);
  std::optional<std::vector<float>> takeFloats(llvm::StringRef name);
  void set(llvm::StringRef name, int64_t value);
  void set(llvm::StringRef name, float value);
  void set(llvm::StringRef name, llvm::StringRef value);

  /// A name for a new value.
  std::string fresh() { return values.fresh(); }
  /// Constants: a vector of int64 or float32, or a scalar float of the element
  /// type of input `like`.
  std::string ints(llvm::ArrayRef<int64_t> numbers);
  std::string floats(llvm::ArrayRef<float> numbers);
  std::string scalarLike(int like, float number);
  /// A node in front of this one; the name of its output. Attributes follow in
  /// `edit`.
  std::string
  call(llvm::StringRef op, llvm::ArrayRef<std::string> inputs,
       llvm::function_ref<void(::onnx::NodeProto &)> edit = nullptr);
  /// Gives output `index` a new name, which is returned; the node `op` behind
  /// this one makes the old name of it and `more`.
  std::string finish(int index, llvm::StringRef op,
                     llvm::ArrayRef<std::string> more);

private:
  ::onnx::NodeProto make(llvm::StringRef op,
                         llvm::ArrayRef<std::string> inputs) const;

  ValueNames values;
};

struct UpgradeRule {
  const char *op;
  /// The newest operator set whose nodes need the rule.
  int64_t lastVersion;
  llvm::Error (*apply)(NodeUpgrade &upgrade);
};

llvm::ArrayRef<UpgradeRule> elementwiseUpgrades();
llvm::ArrayRef<UpgradeRule> reductionUpgrades();
llvm::ArrayRef<UpgradeRule> shapeUpgrades();
llvm::ArrayRef<UpgradeRule> normalizationUpgrades();
llvm::ArrayRef<UpgradeRule> spatialUpgrades();
llvm::ArrayRef<UpgradeRule> sequenceUpgrades();

} // namespace tegula::frontend

#endif // TEGULA_LIB_FRONTEND_IMPORT_UPGRADE_H
