//===- Importer.h - State of one import -------------------------*- C++ -*-===//
//
// Private to lib/Frontend/Import.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_FRONTEND_IMPORT_IMPORTER_H
#define TEGULA_LIB_FRONTEND_IMPORT_IMPORTER_H

#include "ReadModel.h"

#include "tegula/Frontend/IR/Onnx.h"
#include "tegula/Frontend/ImportModel.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include "onnx/defs/schema.h"
#include "onnx/onnx_pb.h"

#include <memory>

namespace tegula::frontend {

/// Turns the data of one tensor into an attribute. Tensors of up to 1 KiB are
/// stored in the attribute; larger ones become resource blobs that keep
/// `owner` alive and are never copied. `directory` is where external data may
/// lie; empty when there is none. `raw`, when it is not empty, is the raw data
/// that the protobuf lacks. Null after a diagnostic at `loc`.
mlir::ElementsAttr importTensor(const ::onnx::TensorProto &tensor,
                                std::shared_ptr<const void> owner,
                                llvm::StringRef directory,
                                const ImportLimits &limits, mlir::Location loc,
                                llvm::ArrayRef<char> raw = {});

/// A sparse tensor as a dense attribute. Null after a diagnostic.
mlir::ElementsAttr importSparseTensor(const ::onnx::SparseTensorProto &tensor,
                                      const ImportLimits &limits,
                                      mlir::Location loc);

/// Maps `length` bytes (0: to the end) of a file below `directory` read-only.
/// The returned pointer unmaps when its last copy goes. Fails with a message
/// for whatever is not a plain file strictly inside the directory.
llvm::Expected<std::pair<std::shared_ptr<const void>, llvm::ArrayRef<char>>>
mapExternalData(llvm::StringRef directory, llvm::StringRef location,
                uint64_t offset, uint64_t length);

/// Whether the types of `operands` are those that `schema` takes, and agree
/// where it wants them to. A diagnostic at `loc` otherwise.
mlir::LogicalResult checkOperandTypes(const ::onnx::OpSchema &schema,
                                      llvm::ArrayRef<mlir::Value> operands,
                                      mlir::Location loc);

/// Names of values: new ones that are not taken, and the types of those that
/// are defined (null for others).
struct ValueNames {
  llvm::function_ref<std::string()> fresh;
  llvm::function_ref<mlir::Type(llvm::StringRef)> typeOf;
};

/// Whether a node of ONNX's own domain, written for operator set `version`,
/// must be rewritten.
bool needsUpgrade(const ::onnx::NodeProto &node, int64_t version);

/// Rewrites `node` into nodes of the newest operator set. An error says what
/// cannot be brought forward.
llvm::Error upgradeNode(const ::onnx::NodeProto &node, int64_t version,
                        ValueNames values,
                        std::vector<::onnx::NodeProto> &upgraded);

/// An operator of ONNX Runtime's own, domain com.microsoft, in terms of ONNX's;
/// null when there is no function for the inputs that `node` gives. An error
/// names an attribute that would be ignored.
llvm::Expected<std::shared_ptr<::onnx::FunctionProto>>
microsoftFunction(const ::onnx::NodeProto &node);

/// One import: names in scope, options, the module being built.
class Importer {
public:
  Importer(const ImportOptions &options, llvm::StringRef directory,
           ModelData data, mlir::MLIRContext *context);

  /// The whole model as a module, or null after a diagnostic.
  mlir::OwningOpRef<mlir::ModuleOp> run();

  /// See expandFunction.
  llvm::FailureOr<llvm::SmallVector<mlir::Value>> expand(mlir::Operation *op);

private:
  using Scope = llvm::StringMap<mlir::Value>;

  mlir::LogicalResult checkModel();
  mlir::LogicalResult checkDims();
  mlir::LogicalResult importMain(mlir::ModuleOp module);
  mlir::LogicalResult
  setSignature(mlir::Operation *function,
               llvm::ArrayRef<const ::onnx::ValueInfoProto *> inputs);

  /// Nodes and initialisers of `graph` at the insertion point; the values of
  /// its outputs in `outputs`.
  mlir::LogicalResult
  importGraphBody(const ::onnx::GraphProto &graph,
                  llvm::SmallVectorImpl<mlir::Value> &outputs);
  mlir::LogicalResult importInitializers(const ::onnx::GraphProto &graph);
  mlir::LogicalResult importNode(const ::onnx::NodeProto &node);
  mlir::LogicalResult importOlder(const ::onnx::NodeProto &node);
  mlir::LogicalResult importUpgraded(const ::onnx::NodeProto &node);
  mlir::LogicalResult importConstant(const ::onnx::NodeProto &node);
  mlir::LogicalResult importFunctionCall(const ::onnx::NodeProto &node,
                                         const ::onnx::FunctionProto &function);
  mlir::LogicalResult importCustom(const ::onnx::NodeProto &node);
  mlir::LogicalResult importSchemaNode(const ::onnx::NodeProto &node,
                                       const ::onnx::OpSchema &schema);
  mlir::LogicalResult checkNode(const ::onnx::NodeProto &node);
  mlir::LogicalResult checkType(mlir::Type type, llvm::StringRef name,
                                mlir::Location loc);
  mlir::LogicalResult
  importOperands(const ::onnx::NodeProto &node, const ::onnx::OpSchema *schema,
                 llvm::SmallVectorImpl<mlir::Value> &operands);
  mlir::LogicalResult importAttributes(const ::onnx::NodeProto &node,
                                       const ::onnx::OpSchema &schema,
                                       mlir::OperationState &state);
  mlir::FailureOr<mlir::Attribute>
  importAttribute(const ::onnx::AttributeProto &attribute, mlir::Location loc);
  mlir::LogicalResult importRegions(const ::onnx::NodeProto &node,
                                    const ::onnx::OpSchema &schema,
                                    llvm::ArrayRef<mlir::Value> operands,
                                    mlir::OperationState &state);
  mlir::LogicalResult importRegion(const ::onnx::GraphProto &graph,
                                   llvm::ArrayRef<mlir::Type> argumentTypes,
                                   mlir::Region &region, mlir::Location loc);
  mlir::LogicalResult importCarried(const ::onnx::NodeProto &node,
                                    const ::onnx::GraphProto &body,
                                    llvm::ArrayRef<mlir::Value> operands,
                                    mlir::Region &region, mlir::Location loc);
  mlir::LogicalResult bindResults(const ::onnx::NodeProto &node,
                                  mlir::Operation *op);
  mlir::LogicalResult setResultTypes(const ::onnx::NodeProto &node,
                                     mlir::Operation *op);

  mlir::Value lookup(llvm::StringRef name);
  mlir::Location locationOf(const ::onnx::NodeProto &node);
  mlir::Type importType(const ::onnx::TypeProto &type);
  int64_t versionOf(llvm::StringRef domain) const;
  std::string freshName();

  const ImportOptions &options;
  std::string directory;
  ModelData data;
  std::shared_ptr<::onnx::ModelProto> model;
  /// Keeps the protobufs that are being read alive: the model or a copy of one
  /// node of it. Attributes that refer to their data hold on to it.
  std::shared_ptr<const void> owner;
  mlir::OpBuilder builder;
  mlir::Location unknown;
  /// Innermost scope last: a name is looked up from there outwards.
  llvm::SmallVector<Scope> scopes;
  /// Declared types of values (value_info), for operators without inference.
  llvm::StringMap<mlir::Type> declared;
  /// Functions of the model by "domain:name:overload".
  llvm::StringMap<const ::onnx::FunctionProto *> functions;
  /// Operator sets in force: the model's, or the called function's.
  llvm::SmallVector<llvm::StringMap<int64_t>> opsets;
  /// Attributes bound by the call of a model-local function, innermost last.
  llvm::SmallVector<llvm::StringMap<const ::onnx::AttributeProto *>> bound;
  /// Values that graphs within an expanded operator use, by unique names.
  Scope captured;
  /// The operator that is expanded into its body.
  std::optional<mlir::Location> caller;
  /// How many branches of Ifs are around the node being read. They may be
  /// ill-formed, since they may never run.
  int64_t branchDepth = 0;
  int64_t numNodes = 0, callDepth = 0, graphDepth = 0, numFresh = 0;
};

} // namespace tegula::frontend

#endif // TEGULA_LIB_FRONTEND_IMPORT_IMPORTER_H
