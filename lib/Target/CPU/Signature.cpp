//===- Signature.cpp - Names and types of a signature --------------------===//

#include "tegula/Target/CPU/Signature.h"
#include "tegula/Runtime/Abi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace tegula;
using namespace tegula::target;

namespace {
/// One row of ONNX's TensorProto.DataType.
struct DtypeRow {
  const char *name;
  const char *cType; // Null: an element has no C type.
  int64_t bytes;
};
constexpr DtypeRow kDtypes[] = {
    {"undefined", nullptr, 0},
    {"float", "float", 4},
    {"uint8", "uint8_t", 1},
    {"int8", "int8_t", 1},
    {"uint16", "uint16_t", 2},
    {"int16", "int16_t", 2},
    {"int32", "int32_t", 4},
    {"int64", "int64_t", 8},
    {"string", nullptr, 0},
    {"bool", "uint8_t", 1},
    {"float16", "uint16_t", 2},
    {"double", "double", 8},
    {"uint32", "uint32_t", 4},
    {"uint64", "uint64_t", 8},
    {"complex64", "float", 8},
    {"complex128", "double", 16},
    {"bfloat16", "uint16_t", 2},
    {"float8e4m3fn", "uint8_t", 1},
    {"float8e4m3fnuz", "uint8_t", 1},
    {"float8e5m2", "uint8_t", 1},
    {"float8e5m2fnuz", "uint8_t", 1},
    {"uint4", "uint8_t", 1},
    {"int4", "int8_t", 1},
    {"float4e2m1", "uint8_t", 1},
    {"float8e8m0", "uint8_t", 1},
    {"uint2", "uint8_t", 1},
    {"int2", "int8_t", 1},
};

/// Words that cannot name a parameter, and macros that common headers define.
constexpr const char *kReserved[] = {"alignas",
                                     "alignof",
                                     "and",
                                     "asm",
                                     "auto",
                                     "bitand",
                                     "bitor",
                                     "bool",
                                     "break",
                                     "case",
                                     "catch",
                                     "char",
                                     "class",
                                     "compl",
                                     "complex",
                                     "concept",
                                     "const",
                                     "constexpr",
                                     "continue",
                                     "decltype",
                                     "default",
                                     "delete",
                                     "do",
                                     "double",
                                     "else",
                                     "enum",
                                     "errno",
                                     "explicit",
                                     "export",
                                     "extern",
                                     "false",
                                     "float",
                                     "for",
                                     "friend",
                                     "goto",
                                     "i386",
                                     "if",
                                     "imaginary",
                                     "inline",
                                     "int",
                                     "linux",
                                     "long",
                                     "mutable",
                                     "namespace",
                                     "new",
                                     "noexcept",
                                     "not",
                                     "nullptr",
                                     "operator",
                                     "or",
                                     "private",
                                     "protected",
                                     "public",
                                     "register",
                                     "requires",
                                     "restrict",
                                     "return",
                                     "short",
                                     "signed",
                                     "sizeof",
                                     "static",
                                     "stderr",
                                     "stdin",
                                     "stdout",
                                     "struct",
                                     "switch",
                                     "template",
                                     "this",
                                     "throw",
                                     "true",
                                     "try",
                                     "typedef",
                                     "typeid",
                                     "typename",
                                     "typeof",
                                     "union",
                                     "unix",
                                     "unsigned",
                                     "using",
                                     "virtual",
                                     "void",
                                     "volatile",
                                     "while",
                                     "xor",
                                     "context",
                                     "assert",
                                     "consteval",
                                     "constinit",
                                     "co_await",
                                     "co_return",
                                     "co_yield",
                                     "char8_t",
                                     "char16_t",
                                     "char32_t",
                                     "wchar_t",
                                     "and_eq",
                                     "or_eq",
                                     "not_eq",
                                     "xor_eq",
                                     "const_cast",
                                     "static_cast",
                                     "dynamic_cast",
                                     "reinterpret_cast",
                                     "static_assert",
                                     "thread_local",
                                     "int8_t",
                                     "int16_t",
                                     "int32_t",
                                     "int64_t",
                                     "uint8_t",
                                     "uint16_t",
                                     "uint32_t",
                                     "uint64_t",
                                     "size_t",
                                     "intptr_t",
                                     "uintptr_t"};

/// Suffixes of the parameters that belong to a tensor.
constexpr const char *kSuffixes[] = {"", "_shape", "_rank", "_capacity"};
constexpr size_t kMaxIdentifier = 64;
} // namespace

const char *tegula::target::dtypeName(int32_t dtype) {
  return dtype > 0 && dtype < (int32_t)std::size(kDtypes) ? kDtypes[dtype].name
                                                          : "?";
}

const char *tegula::target::dtypeCType(int32_t dtype) {
  return dtype > 0 && dtype < (int32_t)std::size(kDtypes) ? kDtypes[dtype].cType
                                                          : nullptr;
}

int64_t tegula::target::dtypeBytes(int32_t dtype) {
  return dtype > 0 && dtype < (int32_t)std::size(kDtypes) ? kDtypes[dtype].bytes
                                                          : 0;
}

bool tegula::target::isDynamic(const TensorSignature &tensor) {
  return !tensor.isRanked || llvm::is_contained(tensor.dims, -1);
}

int64_t tegula::target::staticBytes(const TensorSignature &tensor) {
  int64_t bytes = dtypeBytes(tensor.dtype);
  for (int64_t dim : tensor.dims)
    if (dim < 0 || __builtin_mul_overflow(bytes, dim, &bytes))
      return 0;
  return bytes;
}

static Error checkTensor(const TensorSignature &tensor) {
  const std::string name = escapeText(tensor.name);
  if (!dtypeCType(tensor.dtype))
    return createStringError("tensor '%s': element type %d (%s) cannot cross "
                             "the C interface",
                             name.c_str(), tensor.dtype,
                             dtypeName(tensor.dtype));
  if (tensor.dims.size() > TEGULA_MAX_RANK)
    return createStringError("tensor '%s' has rank %zu, the limit is %d",
                             name.c_str(), tensor.dims.size(), TEGULA_MAX_RANK);
  int64_t bytes = dtypeBytes(tensor.dtype);
  for (int64_t dim : tensor.dims)
    if (dim < -1 || (dim > 0 && __builtin_mul_overflow(bytes, dim, &bytes)))
      return createStringError("tensor '%s': its size overflows", name.c_str());
  return Error::success();
}

Error tegula::target::checkSignature(const ArtifactSignature &signature) {
  for (const auto *tensors : {&signature.inputs, &signature.outputs})
    for (const TensorSignature &tensor : *tensors)
      if (Error error = checkTensor(tensor))
        return error;
  return Error::success();
}

std::string tegula::target::sanitizeIdentifier(StringRef text) {
  // Leading and double underscores belong to the C and C++ implementations,
  // names with tegula to the runtime.
  std::string result;
  for (char c : text.take_front(kMaxIdentifier)) {
    if (isAlnum(c))
      result += c;
    else if (!result.empty() && result.back() != '_')
      result += '_';
  }
  result = StringRef(result).rtrim('_');
  if (result.empty())
    return "model";
  if (!isAlpha(result[0]) ||
      StringRef(result).starts_with_insensitive("tegula"))
    result = "model_" + result;
  return result;
}

std::vector<std::string>
tegula::target::sanitizeIdentifiers(const std::vector<std::string> &texts) {
  StringSet<> used;
  for (const char *word : kReserved)
    used.insert(word);
  std::vector<std::string> results;
  for (const std::string &text : texts) {
    const std::string stem = StringRef(sanitizeIdentifier(text)).lower();
    std::string candidate = stem;
    auto isFree = [&] {
      return llvm::none_of(kSuffixes, [&](const char *suffix) {
        return used.contains(candidate + suffix);
      });
    };
    for (unsigned number = 2; !isFree(); ++number)
      candidate = stem + "_" + std::to_string(number);
    for (const char *suffix : kSuffixes)
      used.insert(candidate + suffix);
    results.push_back(candidate);
  }
  return results;
}

std::string tegula::target::escapeText(StringRef text) {
  std::string result;
  for (char c : text) {
    const bool endsComment =
        c == '/' && !result.empty() && result.back() == '*';
    if (isPrint(c) && c != '\\' && c != '"' && c != '?' && !endsComment)
      result += c;
    else
      result += "\\x" + toHex(StringRef(&c, 1), /*LowerCase=*/true);
  }
  // A caller may write the end of a comment directly behind the text.
  if (!result.empty() && result.back() == '*')
    result += ' ';
  return result;
}
