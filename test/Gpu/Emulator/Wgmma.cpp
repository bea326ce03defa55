//===- Wgmma.cpp - wgmma --------------------------------------------------===//

#include "Wgmma.h"
#include "Decoder.h"
#include "Lanes.h"
#include "TensorMap.h"

using namespace tegula::ptx;

namespace {

constexpr uint32_t kInFlight = 0x7fc0dead; ///< What accumulators show: a NaN.

/// m64nNkK. right, left: rows of the descriptors; scale: row of the predicate.
struct WgmmaDetail {
  int columns, depth;
  Element a, b, d;
  std::vector<int32_t> result, leftRegisters;
  int32_t left = -1, right = -1, scale = -1;
  bool negatesA = false, negatesB = false;
  bool isLeftTransposed = false, isRightTransposed = false;
};

/// A matrix descriptor: where a tile lies in shared memory.
class Tile {
public:
  Tile(uint64_t descriptor, Element element, bool isTransposed)
      : start((descriptor & 0x3fff) << 4),
        leading((descriptor >> 16 & 0x3fff) << 4),
        stride((descriptor >> 32 & 0x3fff) << 4), bytes(elementBytes(element)),
        element(element), isTransposed(isTransposed) {
    // 1, 2, 3 in the descriptor are 128, 64 and 32 bytes.
    const unsigned mode = descriptor >> 62;
    swizzle = mode ? 4 - mode : 0;
  }

  /// The byte of an element: `row` counts M or N, `k` the depth.
  uint32_t offset(unsigned row, unsigned k) const {
    const unsigned span = 16u << swizzle;
    if (isTransposed) {
      const unsigned across = span / bytes;
      return swizzled(start + row / across * leading + k / 8 * stride +
                          k % 8 * span + row % across * bytes,
                      swizzle);
    }
    const unsigned at = k * bytes;
    return swizzled(start + row / 8 * stride + row % 8 * span +
                        at / span * leading + at % span,
                    swizzle);
  }

  float value(SharedMemory &shared, unsigned row, unsigned k) const {
    uint32_t bits = 0;
    memcpy(&bits, shared.at(offset(row, k)), bytes);
    return elementValue(element, bits);
  }

  /// The bytes that are read next to each other, as ranges.
  void ranges(unsigned first, unsigned rows, unsigned depth,
              std::vector<WgmmaState::Range> &list) const {
    const unsigned each = 16 / bytes;
    for (unsigned row = first; row < first + rows;
         row += isTransposed ? each : 1)
      for (unsigned k = 0; k < depth; k += isTransposed ? 1 : each)
        list.push_back({offset(row, k), 16});
  }

private:
  uint32_t start, leading, stride;
  unsigned bytes, swizzle = 0;
  Element element;
  bool isTransposed;
};

/// The first of the warp's rows in the tile.
int firstRow(const Warp &warp) { return 16 * (warp.index % 4); }

void recordReads(Warp &warp, WgmmaState::Product &product) {
  Accessor who = warp.accessor(0, true);
  who.as.clock = Access::kPending;
  product.access = who.as;
  SharedMemory &shared = warp.block.shared;
  for (const auto &range : product.reads) {
    if (range.offset + range.bytes > shared.size())
      warp.fail(FaultKind::Address, 0,
                "reads byte " + std::to_string(range.offset) +
                    " of a shared memory of " + std::to_string(shared.size()) +
                    " bytes");
    warp.raise(0, shared.read(range.offset, range.bytes, who));
  }
}

Step issue(Warp &warp, const Instr &instr, uint32_t mask) {
  if (mask != ~0u && !warp.isTogether(~0u, mask))
    return warp.wait("the other lanes of its warp (.aligned)");
  const auto &detail = *static_cast<const WgmmaDetail *>(instr.detail.get());
  WgmmaState &state = *warp.wgmma;
  WgmmaState::Product product;
  product.instr = &instr;
  product.addsToSum = warp.row(detail.scale)[0] & 1;
  product.right = warp.row(detail.right)[0];
  Tile(product.right, detail.b, detail.isRightTransposed)
      .ranges(0, detail.columns, detail.depth, product.reads);
  if (detail.left >= 0) {
    product.left = warp.row(detail.left)[0];
    Tile(product.left, detail.a, detail.isLeftTransposed)
        .ranges(firstRow(warp), 16, detail.depth, product.reads);
  }
  for (int32_t r : detail.leftRegisters) {
    product.leftRows.push_back(warp.row(r));
    product.leftValues.emplace_back();
    for (int lane = 0; lane < kLanes; ++lane)
      product.leftValues.back()[lane] = get<uint32_t>(warp.row(r)[lane]);
  }
  recordReads(warp, product);
  for (int32_t r : detail.result) {
    uint64_t *row = warp.row(r);
    product.result.push_back(row);
    WgmmaState::Sum &sum = state.sums[row];
    if (sum.products++)
      continue;
    for (int lane = 0; lane < kLanes; ++lane) {
      sum.values[lane] = get<uint32_t>(row[lane]);
      row[lane] = kInFlight;
    }
  }
  state.open.push_back(std::move(product));
  return Step::Next;
}

using Matrix = std::vector<float>;

/// The warp's 16 rows of A.
Matrix readLeft(Warp &warp, const WgmmaDetail &detail,
                const WgmmaState::Product &product) {
  Matrix a(16 * detail.depth);
  if (product.leftRows.empty()) {
    const Tile tile(product.left, detail.a, detail.isLeftTransposed);
    for (int row = 0; row < 16; ++row)
      for (int k = 0; k < detail.depth; ++k)
        a[row * detail.depth + k] =
            tile.value(warp.block.shared, firstRow(warp) + row, k);
    return a;
  }
  const int bytes = static_cast<int>(elementBytes(detail.a)), each = 4 / bytes;
  const uint32_t low = bytes == 4 ? ~0u : (1u << 8 * bytes) - 1;
  for (size_t q = 0; q < product.leftRows.size(); ++q)
    for (int lane = 0; lane < kLanes; ++lane) {
      const uint32_t value = product.leftValues[q][lane];
      if (get<uint32_t>(product.leftRows[q][lane]) != value)
        warp.fail(FaultKind::Hazard, lane,
                  "a register of A of the wgmma at line " +
                      std::to_string(product.instr->line()) +
                      " was written before it was waited for");
      for (int i = 0; i < each; ++i)
        a[(lane / 4 + 8 * (q & 1)) * detail.depth + lane % 4 * each + i +
          4 * each * (q >> 1)] =
            elementValue(detail.a, value >> 8 * bytes * i & low);
    }
  return a;
}

Matrix readRight(Warp &warp, const WgmmaDetail &detail,
                 const WgmmaState::Product &product) {
  Matrix b(detail.columns * detail.depth);
  const Tile tile(product.right, detail.b, detail.isRightTransposed);
  for (int column = 0; column < detail.columns; ++column)
    for (int k = 0; k < detail.depth; ++k)
      b[column * detail.depth + k] = tile.value(warp.block.shared, column, k);
  return b;
}

/// Adds a product to the saved contents of its accumulators.
void accumulate(Warp &warp, const WgmmaDetail &detail,
                WgmmaState::Product &product) {
  const Matrix a = readLeft(warp, detail, product),
               b = readRight(warp, detail, product);
  const double sign = detail.negatesA != detail.negatesB ? -1 : 1;
  const bool isPacked = detail.d == Element::F16;
  for (int i = 0; i < detail.columns / 2; ++i) {
    auto &sum =
        warp.wgmma->sums.at(product.result[isPacked ? i / 2 : i]).values;
    for (int lane = 0; lane < kLanes; ++lane) {
      const int row = lane / 4 + 8 * (i >> 1 & 1),
                column = 8 * (i / 4) + 2 * (lane % 4) + (i & 1);
      double dot = 0;
      for (int k = 0; k < detail.depth; ++k)
        dot += double(a[row * detail.depth + k]) *
               double(b[column * detail.depth + k]);
      dot *= sign;
      uint32_t &bits = sum[lane];
      if (isPacked) {
        const int shift = 16 * (i & 1);
        const Half old = {static_cast<uint16_t>(bits >> shift)};
        const uint32_t half =
            Half::from(dot + (product.addsToSum ? float(old) : 0)).bits;
        bits = (bits & ~(0xffffu << shift)) | half << shift;
      } else if (detail.d == Element::S32) {
        bits = uint32_t(int64_t(dot) + (product.addsToSum ? bits : 0));
      } else {
        bits = put(float(dot + (product.addsToSum ? get<float>(bits) : 0.0f)));
      }
    }
  }
}

const WgmmaDetail &detailOf(const WgmmaState::Product &product) {
  return *static_cast<const WgmmaDetail *>(product.instr->detail.get());
}

/// Computes a group of a warp; its reads of shared memory end.
void compute(Warp &warp, WgmmaState::Group &group) {
  group.isComputed = true;
  for (WgmmaState::Product &product : group.products) {
    accumulate(warp, detailOf(product), product);
    product.access.clock = warp.clock[warp.actor];
    for (const auto &range : product.reads)
      warp.block.shared.settle(range.offset, range.bytes, product.access);
  }
}

/// Gives a warp the results of a group that has been computed.
void retire(Warp &warp, WgmmaState::Group &group) {
  for (WgmmaState::Product &product : group.products)
    for (uint64_t *row : product.result) {
      auto it = warp.wgmma->sums.find(row);
      if (--it->second.products)
        continue;
      for (int lane = 0; lane < kLanes; ++lane) {
        if (get<uint32_t>(row[lane]) != kInFlight)
          warp.fail(FaultKind::Hazard, lane,
                    "an accumulator of the wgmma at line " +
                        std::to_string(product.instr->line()) +
                        " was written before it was waited for");
        row[lane] = it->second.values[lane];
      }
      warp.wgmma->sums.erase(it);
    }
}

Step commitGroup(Warp &warp, const Instr &, uint32_t mask) {
  if (!warp.isTogether(~0u, mask))
    return warp.wait("the other lanes of its warp (.aligned)");
  warp.wgmma->groups.push_back({std::move(warp.wgmma->open), false});
  warp.wgmma->open.clear();
  ++warp.wgmma->committed;
  return Step::Next;
}

/// The four warps of a warp's group.
std::vector<Warp *> warpgroupOf(Warp &warp) {
  std::vector<Warp *> group;
  const size_t first = warp.index / 4 * 4;
  for (size_t i = first; i < first + 4 && i < warp.block.warps.size(); ++i)
    group.push_back(warp.block.warps[i].get());
  return group;
}

/// imm: groups that may stay in flight. The four warps' parts of a product are
/// one operation: it ends for all of them at once.
Step waitGroup(Warp &warp, const Instr &instr, uint32_t mask) {
  if (!warp.isTogether(~0u, mask))
    return warp.wait("the other lanes of its warp (.aligned)");
  WgmmaState &state = *warp.wgmma;
  if (state.groups.size() <= instr.imm)
    return Step::Next;
  const uint64_t target = state.committed - instr.imm;
  const std::vector<Warp *> warpgroup = warpgroupOf(warp);
  for (const Warp *other : warpgroup)
    if (other->wgmma->committed < target)
      return warp.wait("the wgmma of the other warps of its warpgroup");
  for (Warp *other : warpgroup) {
    WgmmaState &theirs = *other->wgmma;
    const uint64_t ended = theirs.committed - theirs.groups.size();
    for (uint64_t i = 0; ended + i < target && i < theirs.groups.size(); ++i)
      if (!theirs.groups[i].isComputed)
        compute(*other, theirs.groups[i]);
    uint32_t &known = warp.clock[other->actor];
    known = std::max(known, other->clock[other->actor]);
    ++other->clock[other->actor];
  }
  while (state.groups.size() > instr.imm) {
    retire(warp, state.groups.front());
    state.groups.pop_front();
  }
  return Step::Next;
}

Step fence(Warp &, const Instr &, uint32_t) { return Step::Next; }

/// "m64n256k16"
bool readShape(const std::string &shape, WgmmaDetail &detail) {
  const size_t n = shape.find('n'), k = shape.find('k');
  if (shape.compare(0, 3, "m64") != 0 || n == std::string::npos ||
      k == std::string::npos)
    return false;
  detail.columns = atoi(shape.c_str() + n + 1);
  detail.depth = atoi(shape.c_str() + k + 1);
  return detail.columns >= 8 && detail.columns <= 256 &&
         detail.columns % 8 == 0;
}

bool decodeProduct(Decoder &d, const Statement &s) {
  // wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {d}, a, b, p, 1, 1 ...
  auto detail = std::make_shared<WgmmaDetail>();
  if (s.parts.size() < 8 || !readShape(s.parts[4], *detail) ||
      !elementOf(s.parts[5], detail->d) || !elementOf(s.parts[6], detail->a) ||
      !elementOf(s.parts[7], detail->b) ||
      detail->depth != 32 / (int)elementBytes(detail->a))
    return false;
  for (const Operand &part : d.at(s, 0).parts)
    detail->result.push_back(d.target(s, part));
  const int expected = detail->columns / (detail->d == Element::F16 ? 4 : 2);
  if ((int)detail->result.size() != expected)
    d.fail(s, "expected " + std::to_string(expected) + " accumulators");
  const bool isFromRegisters = d.at(s, 1).kind == Operand::Vector;
  if (isFromRegisters)
    for (const Operand &part : d.at(s, 1).parts)
      detail->leftRegisters.push_back(d.source(s, part));
  else
    detail->left = d.source(s, 1);
  detail->right = d.source(s, 2);
  const Operand &scale = d.at(s, 3);
  detail->scale = scale.kind == Operand::Integer
                      ? d.constant(scale.bits ? ~0ull : 0)
                      : d.source(s, scale);
  auto flag = [&](size_t operand) {
    return operand < s.operands.size() ? int64_t(s.operands[operand].bits) : 0;
  };
  detail->negatesA = flag(4) == -1;
  detail->negatesB = flag(5) == -1;
  detail->isLeftTransposed = !isFromRegisters && flag(6) == 1;
  detail->isRightTransposed = flag(isFromRegisters ? 6 : 7) == 1;
  Instr &instr = d.emit(s, issue);
  instr.isCollective = true;
  instr.detail = detail;
  return true;
}

} // namespace

bool tegula::ptx::decodeWgmma(Decoder &d, const Statement &s) {
  if (s.parts[0] != "wgmma")
    return false;
  if (s.parts[1] == "mma_async")
    return decodeProduct(d, s);
  const Handler handler = s.parts[1] == "fence"          ? fence
                          : s.parts[1] == "commit_group" ? commitGroup
                          : s.parts[1] == "wait_group"   ? waitGroup
                                                         : nullptr;
  if (!handler)
    return false;
  Instr &instr = d.emit(s, handler);
  instr.isCollective = true;
  if (handler == waitGroup)
    instr.imm = d.at(s, 0).bits;
  return true;
}
