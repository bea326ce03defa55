//===- GenerateOds.cpp - Write the onnx dialect's .td from ONNX's schemas -===//
//
// A build-time program. Prints one TableGen definition for each operator of
// ONNX's registry, newest version:
//
//   def Onnx_GemmOp : Onnx_Op<"Gemm", [Pure]> {
//     let summary = ...;
//     let arguments = (ins Onnx_Value:$A, Onnx_Value:$B, Onnx_Value:$C,
//                          DefaultValuedOptionalAttr<F32Attr, "1.0f">:$alpha);
//     let results = (outs Onnx_Value:$Y);
//   }
//
// Operands are positional: an optional one that is absent is `onnx.NoValue`
// (type none), so that no operand segments are needed.
//
//===----------------------------------------------------------------------===//

#include "onnx/defs/schema.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>

using ONNX_NAMESPACE::AttributeProto;
using ONNX_NAMESPACE::OpSchema;
using ONNX_NAMESPACE::OpSchemaRegistry;

namespace {

/// The prefix of a domain's operators in IR ("onnx.ml.Binarizer"), or null for
/// a domain that the dialect does not hold.
const char *prefixOf(const std::string &domain) {
  static const std::map<std::string, const char *> prefixes = {
      {"", ""},
      {"ai.onnx.ml", "ml."},
      {"ai.onnx.preview", "preview."},
      {"ai.onnx.preview.training", "training."}};
  auto found = prefixes.find(domain);
  return found == prefixes.end() ? nullptr : found->second;
}

/// `text` as a TableGen string literal.
std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out + "\"";
}

std::string floatText(float value) {
  std::ostringstream out;
  out.precision(9);
  out << std::scientific << value << "f";
  return out.str();
}

template <typename Range, typename Print>
std::string listText(const Range &range, Print print) {
  std::string out = "{";
  for (const auto &item : range)
    out += (out.size() > 1 ? ", " : "") + print(item);
  return out + "}";
}

/// The TableGen constraint of an attribute of `type`, or empty for a graph.
std::string constraintOf(AttributeProto::AttributeType type) {
  switch (type) {
  case AttributeProto::INT:
    return "SI64Attr";
  case AttributeProto::FLOAT:
    return "F32Attr";
  case AttributeProto::STRING:
    return "StrAttr";
  case AttributeProto::INTS:
    return "DenseI64ArrayAttr";
  case AttributeProto::FLOATS:
    return "DenseF32ArrayAttr";
  case AttributeProto::STRINGS:
    return "StrArrayAttr";
  case AttributeProto::TENSOR:
  case AttributeProto::SPARSE_TENSOR:
    return "ElementsAttr";
  case AttributeProto::TYPE_PROTO:
    return "TypeAttr";
  case AttributeProto::GRAPH:
  case AttributeProto::GRAPHS:
    return "";
  default:
    return "AnyAttr";
  }
}

/// The C++ text of a default value; empty when the attribute has none.
std::string defaultOf(const AttributeProto &value) {
  switch (value.type()) {
  case AttributeProto::INT:
    return std::to_string(value.i());
  case AttributeProto::FLOAT:
    return floatText(value.f());
  case AttributeProto::STRING:
    return quoted(value.s());
  case AttributeProto::INTS:
    return listText(value.ints(), [](int64_t v) { return std::to_string(v); });
  case AttributeProto::FLOATS:
    return listText(value.floats(), floatText);
  default:
    return "";
  }
}

bool hasDefault(const OpSchema::Attribute &attribute) {
  switch (attribute.default_value.type()) {
  case AttributeProto::INT:
  case AttributeProto::FLOAT:
  case AttributeProto::STRING:
  case AttributeProto::INTS:
  case AttributeProto::FLOATS:
    return true;
  default:
    return false;
  }
}

std::string attributeText(const OpSchema::Attribute &attribute) {
  std::string constraint = constraintOf(attribute.type);
  if (attribute.required)
    return constraint;
  if (!hasDefault(attribute))
    return "OptionalAttr<" + constraint + ">";
  std::string value = defaultOf(attribute.default_value);
  return "DefaultValuedOptionalAttr<" + constraint + ", " + quoted(value) + ">";
}

/// Names of a formal parameter list, made distinct from `taken`.
std::string parameterName(const std::string &name,
                          std::set<std::string> &taken) {
  std::string result = name;
  while (!taken.insert(result).second)
    result += "_value";
  return result;
}

void printParameters(const std::vector<OpSchema::FormalParameter> &parameters,
                     std::set<std::string> &taken, std::string &out) {
  for (const OpSchema::FormalParameter &parameter : parameters) {
    bool variadic = parameter.GetOption() == OpSchema::Variadic;
    out += out.empty() ? "" : ", ";
    out += variadic ? "Variadic<Onnx_Value>:$" : "Onnx_Value:$";
    out += parameterName(parameter.GetName(), taken);
  }
}

void printOp(const OpSchema &schema, const std::string &prefix) {
  std::set<std::string> taken;
  std::string arguments, results, regions, attributes;
  for (const auto &[name, attribute] : schema.attributes()) {
    if (constraintOf(attribute.type).empty()) {
      regions += (regions.empty() ? "" : ", ") + ("AnyRegion:$" + name);
      taken.insert(name);
      continue;
    }
    taken.insert(name);
    attributes += ", " + attributeText(attribute) + ":$" + name;
  }
  printParameters(schema.inputs(), taken, arguments);
  arguments += attributes;
  if (arguments.rfind(", ", 0) == 0)
    arguments = arguments.substr(2);
  std::set<std::string> resultNames = taken;
  printParameters(schema.outputs(), resultNames, results);

  std::string domainName = prefix;
  domainName.erase(std::remove(domainName.begin(), domainName.end(), '.'),
                   domainName.end());
  if (!domainName.empty())
    domainName[0] = static_cast<char>(std::toupper(domainName[0]));
  bool random = schema.GetNodeDeterminism() ==
                OpSchema::NodeDeterminism::NonDeterministic;
  const char *traits = !regions.empty() ? "RecursiveMemoryEffects"
                       : random         ? ""
                                        : "Pure";
  std::string doc = schema.doc();
  doc = doc.substr(0, doc.find('\n', doc.find_first_not_of('\n')));
  doc.erase(0, doc.find_first_not_of("\n "));
  std::cout << "def Onnx_" << domainName << schema.Name() << "Op : Onnx_Op<\""
            << prefix << schema.Name() << "\", [" << traits << "]> {\n"
            << "  let summary = " << quoted(doc) << ";\n"
            << "  let arguments = (ins " << arguments << ");\n"
            << "  let results = (outs " << results << ");\n";
  if (!regions.empty())
    std::cout << "  let regions = (region " << regions << ");\n";
  std::cout << "}\n\n";
}

} // namespace

int main() {
  std::cout << "// Written by tegula-onnx-ods from ONNX's schemas; not edited "
               "by hand.\n\n"
            << "include \"tegula/Frontend/IR/OnnxDialect.td\"\n\n";
  std::map<std::string, OpSchema> newest;
  for (const OpSchema &schema : OpSchemaRegistry::get_all_schemas())
    if (prefixOf(schema.domain()))
      newest.emplace(schema.domain() + ":" + schema.Name(), schema);
  for (const auto &[name, schema] : newest)
    if (!schema.Deprecated())
      printOp(schema, prefixOf(schema.domain()));
  return 0;
}
