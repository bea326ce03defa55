//===- Matrix.cpp - mma.sync, ldmatrix, stmatrix --------------------------===//

#include "Matrix.h"
#include "Access.h"
#include "Decoder.h"
#include "Float8.h"
#include "Lanes.h"

using namespace tegula::ptx;

bool tegula::ptx::elementOf(const std::string &name, Element &element) {
  static const std::unordered_map<std::string, Element> table = {
      {"f16", Element::F16},   {"bf16", Element::BF16}, {"tf32", Element::TF32},
      {"s8", Element::S8},     {"u8", Element::U8},     {"e4m3", Element::E4M3},
      {"e5m2", Element::E5M2}, {"f32", Element::F32},   {"s32", Element::S32}};
  auto it = table.find(name);
  if (it != table.end())
    element = it->second;
  return it != table.end();
}

unsigned tegula::ptx::elementBytes(Element element) {
  switch (element) {
  case Element::F16:
  case Element::BF16:
    return 2;
  case Element::TF32:
  case Element::F32:
  case Element::S32:
    return 4;
  default:
    return 1;
  }
}

float tegula::ptx::elementValue(Element element, uint32_t bits) {
  switch (element) {
  case Element::F16:
    return Half{static_cast<uint16_t>(bits)};
  case Element::BF16:
    return BFloat{static_cast<uint16_t>(bits)};
  case Element::TF32:
    return get<float>(bits & ~0x1fffu);
  case Element::S8:
    return static_cast<int8_t>(bits);
  case Element::U8:
    return static_cast<uint8_t>(bits);
  case Element::E4M3:
    return static_cast<float>(E4M3::value(bits));
  case Element::E5M2:
    return static_cast<float>(E5M2::value(bits));
  default:
    return get<float>(bits);
  }
}

namespace {

constexpr int kRows = 16, kColumns = 8, kMaxDepth = 32;

/// m16n8kK: rows of the operands' registers, in order.
struct MmaDetail {
  int depth;
  Element a, b, d;
  std::vector<int32_t> result, left, right, sum;
};

/// The fragments are given by registers: a register has some elements next to
/// each other in K; four lanes make a group of K, the lanes' other bits count
/// rows (columns of B), and further registers go on in rows, then in K.
struct Operands {
  float a[kRows][kMaxDepth], b[kMaxDepth][kColumns];
};

void readOperands(Warp &warp, const MmaDetail &detail, Operands &m) {
  const int bytes = static_cast<int>(elementBytes(detail.a));
  const int each = 4 / bytes;
  const uint32_t low = bytes == 4 ? ~0u : (1u << 8 * bytes) - 1;
  for (int lane = 0; lane < kLanes; ++lane)
    for (int i = 0; i < each; ++i) {
      const int shift = 8 * bytes * i, k = lane % 4 * each + i;
      for (size_t q = 0; q < detail.left.size(); ++q)
        m.a[lane / 4 + 8 * (q & 1)][k + 4 * each * (q >> 1)] = elementValue(
            detail.a, uint32_t(warp.row(detail.left[q])[lane]) >> shift & low);
      for (size_t q = 0; q < detail.right.size(); ++q)
        m.b[k + 4 * each * q][lane / 4] = elementValue(
            detail.b, uint32_t(warp.row(detail.right[q])[lane]) >> shift & low);
    }
}

/// A sum of products in double, which is exact or nearly so, rounded once.
double dot(const Operands &m, int depth, int row, int column) {
  double sum = 0;
  for (int k = 0; k < depth; ++k)
    sum += double(m.a[row][k]) * double(m.b[k][column]);
  return sum;
}

Step multiply(Warp &warp, const Instr &instr, uint32_t mask) {
  if (mask != ~0u) {
    if (!warp.isTogether(~0u, mask))
      return warp.wait("the other lanes of its warp (.aligned)");
    warp.fail(FaultKind::Launch, 0, "needs a whole warp");
  }
  const auto &detail = *static_cast<const MmaDetail *>(instr.detail.get());
  Operands m;
  readOperands(warp, detail, m);
  for (int lane = 0; lane < kLanes; ++lane)
    for (int i = 0; i < 4; ++i) {
      const double product = dot(m, detail.depth, lane / 4 + 8 * (i >> 1),
                                 2 * (lane % 4) + (i & 1));
      if (detail.d == Element::F16) {
        const int shift = 16 * (i & 1);
        const uint64_t old = warp.row(detail.sum[i >> 1])[lane];
        const Half c = {static_cast<uint16_t>(old >> shift)};
        uint64_t &result = warp.row(detail.result[i >> 1])[lane];
        const uint64_t bits = Half::from(product + float(c)).bits;
        // The first half is written where the second still has to be read.
        const uint64_t rest = i & 1 ? result : old;
        result = (rest & ~(0xffffull << shift)) | bits << shift;
      } else if (detail.d == Element::S32) {
        const auto c = get<int32_t>(warp.row(detail.sum[i])[lane]);
        warp.row(detail.result[i])[lane] =
            uint32_t(int64_t(c) + int64_t(product));
      } else {
        const auto c = get<float>(warp.row(detail.sum[i])[lane]);
        warp.row(detail.result[i])[lane] = put(float(c + product));
      }
    }
  return Step::Next;
}

bool decodeMma(Decoder &d, const Statement &s) {
  // mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
  if (s.parts.size() < 10 || s.parts[3].compare(0, 6, "m16n8k") != 0)
    return false;
  auto detail = std::make_shared<MmaDetail>();
  const size_t types = s.parts.size() - 4;
  if (!elementOf(s.parts[types], detail->d) ||
      !elementOf(s.parts[types + 1], detail->a) ||
      !elementOf(s.parts[types + 2], detail->b))
    return false;
  detail->depth = atoi(s.parts[3].c_str() + 6);
  const std::pair<std::vector<int32_t> *, size_t> sources[] = {
      {&detail->left, 1}, {&detail->right, 2}, {&detail->sum, 3}};
  for (auto [list, operand] : sources) {
    const Operand &o = d.at(s, operand);
    if (o.kind != Operand::Vector)
      list->push_back(d.source(s, o));
    for (const Operand &part : o.parts)
      list->push_back(d.source(s, part));
  }
  for (const Operand &part : d.at(s, 0).parts)
    detail->result.push_back(d.target(s, part));
  const size_t each = 4 / elementBytes(detail->a);
  const size_t groups = detail->depth / (4 * each);
  const size_t results = detail->d == Element::F16 ? 2 : 4;
  if (!groups || detail->depth > kMaxDepth ||
      detail->left.size() != 2 * groups || detail->right.size() != groups ||
      detail->result.size() != results || detail->sum.size() != results)
    d.fail(s, "has a wrong number of registers");
  Instr &instr = d.emit(s, multiply);
  instr.isCollective = true;
  instr.detail = detail;
  return true;
}

/// ldmatrix and stmatrix of 8x8 matrices of 16 bits. list: a register for
/// each; lanes 8q.. have the addresses of matrix q's rows; imm: transposed.
template <bool IsLoad>
Step moveMatrix(Warp &warp, const Instr &instr, uint32_t mask) {
  if (mask != ~0u) {
    if (!warp.isTogether(~0u, mask))
      return warp.wait("the other lanes of its warp (.aligned)");
    warp.fail(FaultKind::Launch, 0, "needs a whole warp");
  }
  const uint64_t *base = warp.row(instr.src[0]);
  const int count = static_cast<int>(instr.list.size());
  AccessKind kind;
  kind.isRead = IsLoad;
  kind.isWrite = !IsLoad;
  uint8_t *rows[kLanes] = {};
  for (int lane = 0; lane < 8 * count; ++lane)
    rows[lane] =
        access(warp, lane, instr.space, base[lane] + instr.offset, 16, kind);
  uint64_t loaded[4][kLanes] = {};
  for (int q = 0; q < count; ++q)
    for (int lane = 0; lane < kLanes; ++lane)
      for (int e = 0; e < 2; ++e) {
        const int row = instr.imm ? 2 * (lane % 4) + e : lane / 4;
        const int column = instr.imm ? lane / 4 : 2 * (lane % 4) + e;
        uint8_t *at = rows[8 * q + row] + 2 * column;
        uint16_t value = 0;
        if (IsLoad) {
          memcpy(&value, at, 2);
          loaded[q][lane] |= uint64_t(value) << 16 * e;
        } else {
          value = warp.row(instr.list[q])[lane] >> 16 * e;
          memcpy(at, &value, 2);
        }
      }
  for (int q = 0; IsLoad && q < count; ++q)
    memcpy(warp.row(instr.list[q]), loaded[q], sizeof(loaded[q]));
  return Step::Next;
}

bool decodeMoveMatrix(Decoder &d, const Statement &s) {
  const bool isLoad = s.parts[0] == "ldmatrix";
  if (!s.has("m8n8") || s.parts.back() != "b16")
    return false;
  const Operand &registers = d.at(s, isLoad ? 0 : 1);
  std::vector<int32_t> list;
  for (const Operand &part : registers.parts)
    list.push_back(isLoad ? d.target(s, part) : d.source(s, part));
  if (registers.kind == Operand::Register)
    list.push_back(registers.reg);
  if (list.empty() || list.size() > 4)
    d.fail(s, "expected one, two or four registers");
  Instr where;
  d.address(s, d.at(s, isLoad ? 1 : 0), where, 0);
  Instr &instr = d.emit(s, isLoad ? moveMatrix<true> : moveMatrix<false>);
  instr.isCollective = true;
  instr.space = spaceOf(s);
  instr.src[0] = where.src[0];
  instr.offset = where.offset;
  instr.list = std::move(list);
  instr.imm = s.has("trans");
  return true;
}

} // namespace

bool tegula::ptx::decodeMatrix(Decoder &d, const Statement &s) {
  if (s.parts[0] == "mma" && s.has("sync"))
    return decodeMma(d, s);
  return (s.parts[0] == "ldmatrix" || s.parts[0] == "stmatrix") &&
         decodeMoveMatrix(d, s);
}
