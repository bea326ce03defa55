//===- ModelFile.cpp - Reads the file of a learned model ------------------===//
//
// Little-endian: magic, format, features, schema, checksum of what follows;
// then the machine and, family by family, spreads, base, the box of the
// features and the arrays of TreeEnsemble. Written by
// cost-model/train/model_file.py.
//
//===----------------------------------------------------------------------===//

#include "tegula/CostModel/LearnedModel.h"

#include <cmath>
#include <cstring>

using namespace tegula::cost;

static constexpr char kMagic[8] = {'T', 'e', 'g', 'u', 'l', 'a', 'C', 'M'};
static constexpr uint32_t kFormat = 2;

namespace {

/// Takes numbers from the front of bytes that may end too early.
class Reader {
public:
  Reader(const char *data, size_t size) : data(data), size(size) {}

  template <typename T>
  bool take(T &value) {
    return takeBytes(&value, 1);
  }

  template <typename T>
  bool take(std::vector<T> &values, size_t count) {
    if (count > size / sizeof(T))
      return false;
    values.resize(count);
    return takeBytes(values.data(), count);
  }

  /// FNV-1a of what is left.
  uint64_t checksum() const {
    uint64_t hash = 0xcbf29ce484222325ull;
    for (size_t i = 0; i != size; ++i)
      hash = (hash ^ uint64_t(static_cast<unsigned char>(data[i]))) *
             0x100000001b3ull;
    return hash;
  }

  bool empty() const { return size == 0; }

private:
  template <typename T>
  bool takeBytes(T *values, size_t count) {
    size_t bytes = count * sizeof(T);
    if (bytes > size)
      return false;
    std::memcpy(values, data, bytes);
    data += bytes;
    size -= bytes;
    return true;
  }

  const char *data;
  size_t size;
};

/// What stands before the families.
struct Machine {
  uint32_t vectorBits, vectorRegisters, numFamilies;
};

/// What stands before the arrays of a family.
struct FamilyHeader {
  float spreads[2];
  float base;
  uint32_t numTrees, numNodes;
};

} // namespace

/// Is the file one of this format and of this compiler's features, and whole?
static bool checkIdentity(Reader &reader, std::string &message) {
  char magic[8];
  uint32_t format = 0, numFeatures = 0;
  uint64_t schema = 0, checksum = 0;
  if (!reader.take(magic) || std::memcmp(magic, kMagic, sizeof kMagic) != 0)
    return message = "it is not a cost model of Tegula", false;
  if (!reader.take(format) || format != kFormat)
    return message = "its format is " + std::to_string(format) +
                     ", this compiler reads " + std::to_string(kFormat),
           false;
  if (!reader.take(numFeatures) || !reader.take(schema) ||
      numFeatures != kNumFeatures || schema != featureSchema())
    return message = "it was trained on other features than this compiler's; "
                     "train it again (cost-model/README.md)",
           false;
  if (!reader.take(checksum) || checksum != reader.checksum())
    return message = "it is damaged: its checksum differs", false;
  return true;
}

static bool isSpread(float value) {
  return std::isfinite(value) && value >= 0 && value < 10;
}

/// Reads what was learned of one family.
static bool readFamily(Reader &reader, LearnedModel::FamilyModel &family,
                       std::string &message) {
  FamilyHeader header;
  std::vector<uint32_t> roots;
  std::vector<TreeEnsemble::Node> nodes;
  std::vector<float> covers;
  if (!reader.take(header))
    return message = "its length is wrong", false;
  if (header.numTrees != 0 &&
      (!reader.take(family.low) || !reader.take(family.high)))
    return message = "its length is wrong", false;
  if (!reader.take(roots, header.numTrees) ||
      !reader.take(nodes, header.numNodes) ||
      !reader.take(covers, header.numNodes))
    return message = "its length is wrong", false;
  for (size_t i = 0; i != std::size(header.spreads); ++i) {
    if (!isSpread(header.spreads[i]))
      return message = "its spreads are not between 0 and 10", false;
    family.spreads[i] = header.spreads[i];
  }
  return family.trees.assign(header.base, std::move(roots), std::move(nodes),
                             std::move(covers), kNumFeatures, message);
}

std::unique_ptr<LearnedModel> LearnedModel::read(const char *data, size_t size,
                                                 std::string &message) {
  Reader reader(data, size);
  if (!checkIdentity(reader, message))
    return nullptr;
  auto model = std::make_unique<LearnedModel>();
  Machine machine;
  if (!reader.take(machine) || machine.numFamilies != model->families.size()) {
    message = "it is not of the families that this compiler has";
    return nullptr;
  }
  model->vectorBits = machine.vectorBits;
  model->vectorRegisters = machine.vectorRegisters;
  for (FamilyModel &family : model->families)
    if (!readFamily(reader, family, message))
      return nullptr;
  if (!reader.empty()) {
    message = "its length is wrong";
    return nullptr;
  }
  return model;
}
