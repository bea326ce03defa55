//===- ReadModel.cpp - Model files to protobufs ---------------------------===//
//
// Protobuf copies every byte of a model. Weights are nearly all of them, so
// that a walk over the wire format first takes the raw data of the main
// graph's initialisers out; protobuf parses the rest.
//
//===----------------------------------------------------------------------===//

#include "ReadModel.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

using llvm::StringRef;

namespace tegula::frontend {

namespace {

/// One field of a message: its number, its payload when it has a length, and
/// all of its bytes.
struct WireField {
  uint64_t number = 0;
  bool hasLength = false;
  StringRef payload, whole;
};

/// Reads the fields of a message one by one; every length is checked.
class WireReader {
public:
  explicit WireReader(StringRef bytes) : rest(bytes) {}

  bool atEnd() const { return rest.empty(); }

  bool next(WireField &field) {
    StringRef start = rest;
    uint64_t tag, length;
    if (!varint(tag))
      return false;
    field.number = tag >> 3;
    field.hasLength = false;
    switch (tag & 7) {
    case 0:
      if (!varint(length))
        return false;
      break;
    case 1:
      if (!skip(8))
        return false;
      break;
    case 2:
      if (!varint(length) || length > rest.size())
        return false;
      field.hasLength = true;
      field.payload = rest.take_front(length);
      rest = rest.drop_front(length);
      break;
    case 5:
      if (!skip(4))
        return false;
      break;
    default:
      return false; // ONNX has no groups.
    }
    field.whole = start.drop_back(rest.size());
    return true;
  }

private:
  bool skip(size_t count) {
    if (rest.size() < count)
      return false;
    rest = rest.drop_front(count);
    return true;
  }

  bool varint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 70 && !rest.empty(); shift += 7) {
      uint8_t byte = rest.front();
      rest = rest.drop_front();
      if (shift < 64)
        value |= uint64_t(byte & 127) << shift;
      if (byte < 128)
        return true;
    }
    return false;
  }

  StringRef rest;
};

void appendVarint(std::string &out, uint64_t value) {
  for (; value > 127; value >>= 7)
    out += char(value | 128);
  out += char(value);
}

void appendMessage(std::string &out, uint64_t number, StringRef payload) {
  appendVarint(out, number << 3 | 2);
  appendVarint(out, payload.size());
  out += payload;
}

/// TensorProto without its raw data, when that is long.
bool stripTensor(StringRef bytes, size_t inPlaceBytes, std::string &out,
                 llvm::ArrayRef<char> &raw) {
  WireReader reader(bytes);
  WireField field;
  while (!reader.atEnd()) {
    if (!reader.next(field))
      return false;
    bool isRaw = field.number == ::onnx::TensorProto::kRawDataFieldNumber;
    if (isRaw) // The last one counts.
      raw = {};
    if (isRaw && field.hasLength && field.payload.size() >= inPlaceBytes)
      raw = llvm::ArrayRef(field.payload.data(), field.payload.size());
    else
      out += field.whole;
  }
  return true;
}

bool stripGraph(StringRef bytes, size_t inPlaceBytes, int &numInitializers,
                std::string &out, ModelData &data) {
  WireReader reader(bytes);
  WireField field;
  while (!reader.atEnd()) {
    if (!reader.next(field))
      return false;
    bool isInitializer =
        field.hasLength &&
        field.number == ::onnx::GraphProto::kInitializerFieldNumber;
    llvm::ArrayRef<char> raw;
    std::string tensor;
    if (isInitializer && field.payload.size() >= inPlaceBytes) {
      if (!stripTensor(field.payload, inPlaceBytes, tensor, raw))
        return false;
      appendMessage(out, field.number, tensor);
    } else {
      out += field.whole;
    }
    if (!raw.empty())
      data.weights[numInitializers] = raw;
    numInitializers += isInitializer;
  }
  return true;
}

} // namespace

bool parseModel(StringRef bytes, size_t inPlaceBytes, ModelData &data) {
  std::string rest;
  int numInitializers = 0;
  WireReader reader(bytes);
  WireField field;
  while (!reader.atEnd()) {
    if (!reader.next(field))
      return false;
    if (!field.hasLength ||
        field.number != ::onnx::ModelProto::kGraphFieldNumber) {
      rest += field.whole;
      continue;
    }
    std::string graph;
    if (!stripGraph(field.payload, inPlaceBytes, numInitializers, graph, data))
      return false;
    appendMessage(rest, field.number, graph);
  }
  if (rest.size() > INT32_MAX)
    return false;
  google::protobuf::io::ArrayInputStream stream(rest.data(), rest.size());
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetRecursionLimit(128); // Three messages for each level of graph.
  return data.model->ParseFromCodedStream(&coded) &&
         coded.ConsumedEntireMessage();
}

} // namespace tegula::frontend
