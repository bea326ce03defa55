//===- LoadStore.cpp - ld and st ------------------------------------------===//

#include "Access.h"
#include "Decoder.h"
#include "Lanes.h"

using namespace tegula::ptx;

namespace {

/// Bits of imm.
enum Flag : unsigned { Strong = 1 };

template <typename T>
uint64_t extended(T value) {
  return static_cast<uint64_t>(
      static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(
          value));
}

/// What strong accesses publish and learn hangs on the address.
Clock &publishedAt(Warp &warp, uint64_t address) {
  return warp.block.cluster.atomics[address];
}

/// list: the elements' rows.
template <typename T>
Step load(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *base = warp.row(instr.src[0]);
  const size_t count = instr.list.size();
  AccessKind kind;
  kind.isStrong = instr.imm & Strong;
  forLanes(mask, [&](int lane) {
    const uint64_t address = base[lane] + instr.offset;
    const uint8_t *from =
        access(warp, lane, instr.space, address, sizeof(T) * count, kind);
    for (size_t i = 0; i < count; ++i) {
      T value;
      memcpy(&value, from + i * sizeof(T), sizeof(T));
      warp.row(instr.list[i])[lane] = extended(value);
    }
    if (kind.isStrong)
      warp.learn(publishedAt(warp, address));
  });
  return instr.imm & Strong ? Step::Yield : Step::Next;
}

template <typename T>
Step store(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *base = warp.row(instr.src[0]);
  const size_t count = instr.list.size();
  AccessKind kind;
  kind.isRead = false;
  kind.isWrite = true;
  kind.isStrong = instr.imm & Strong;
  forLanes(mask, [&](int lane) {
    const uint64_t address = base[lane] + instr.offset;
    uint8_t *to =
        access(warp, lane, instr.space, address, sizeof(T) * count, kind);
    for (size_t i = 0; i < count; ++i) {
      const T value = get<T>(warp.row(instr.list[i])[lane]);
      memcpy(to + i * sizeof(T), &value, sizeof(T));
    }
    if (kind.isStrong)
      warp.publish(publishedAt(warp, address));
  });
  return Step::Next;
}

/// A load of one element from global memory, the most frequent access: what
/// needs no more than a look at the last allocations is done here, the rest by
/// `access`.
template <typename T>
Step loadGlobal(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *base = warp.row(instr.src[0]);
  uint64_t *result = warp.row(instr.list[0]);
  const int64_t offset = instr.offset;
  forLanes(mask, [&](int lane) {
    const uint64_t address = base[lane] + offset;
    const Allocation *recent = recentAllocation(warp, address, sizeof(T));
    const bool isGood = recent && address % sizeof(T) == 0 &&
                        recent->isWordWritten<std::make_unsigned_t<T>>(address);
    const void *from =
        isGood ? reinterpret_cast<const void *>(address)
               : access(warp, lane, Space::Global, address, sizeof(T), {});
    T value;
    memcpy(&value, from, sizeof(T));
    result[lane] = extended(value);
  });
  return Step::Next;
}

/// ld.param of a kernel: the same value for every lane. offset: the address.
template <typename T>
Step loadParameter(Warp &warp, const Instr &instr, uint32_t mask) {
  const auto *from = reinterpret_cast<const uint8_t *>(instr.offset);
  for (size_t i = 0; i < instr.list.size(); ++i) {
    T value;
    memcpy(&value, from + i * sizeof(T), sizeof(T));
    uint64_t *d = warp.row(instr.list[i]);
    const uint64_t bits = extended(value);
    forLanes(mask, [=](int l) { d[l] = bits; });
  }
  return Step::Next;
}

struct Handlers {
  Handler load, store, parameter, loadGlobal;
};

template <typename T>
constexpr Handlers handlers() {
  return {load<T>, store<T>, loadParameter<T>, loadGlobal<T>};
}

const Handlers *findHandlers(const std::string &type) {
  static const std::unordered_map<std::string, Handlers> table = {
      {"b8", handlers<uint8_t>()},     {"u8", handlers<uint8_t>()},
      {"s8", handlers<int8_t>()},      {"b16", handlers<uint16_t>()},
      {"u16", handlers<uint16_t>()},   {"s16", handlers<int16_t>()},
      {"f16", handlers<uint16_t>()},   {"bf16", handlers<uint16_t>()},
      {"b32", handlers<uint32_t>()},   {"u32", handlers<uint32_t>()},
      {"s32", handlers<int32_t>()},    {"f32", handlers<uint32_t>()},
      {"f16x2", handlers<uint32_t>()}, {"bf16x2", handlers<uint32_t>()},
      {"b64", handlers<uint64_t>()},   {"u64", handlers<uint64_t>()},
      {"s64", handlers<int64_t>()},    {"f64", handlers<uint64_t>()},
  };
  auto it = table.find(type);
  return it == table.end() ? nullptr : &it->second;
}

/// Parameters: constants of a kernel; the local memory of a function's frame.
bool decodeParameter(Decoder &d, const Statement &s, const Operand &memory,
                     const Handlers &found, std::vector<int32_t> list) {
  const bool isLoad = s.parts[0] == "ld";
  const std::string &name = memory.parts[0].name;
  const Decoder::Slot *slot = d.localSlot(name);
  const Parameter *parameter = d.kernelParameter(name);
  const unsigned bytes = typeBytes(s.parts.back()) * list.size();
  if (!slot && (!parameter || !isLoad))
    d.fail(s, "there is no parameter '" + name + "'");
  const uint64_t size = slot ? slot->bytes : parameter->bytes;
  if (memory.offset < 0 || uint64_t(memory.offset) + bytes > size)
    d.fail(s, "reaches over the end of parameter '" + name + "'");
  const int32_t base = slot ? d.source(s, memory.parts[0]) : 0;
  Instr &instr = d.emit(s, !slot    ? found.parameter
                           : isLoad ? found.load
                                    : found.store);
  instr.space = Space::Local;
  instr.src[0] = base;
  instr.offset = memory.offset;
  if (!slot)
    instr.offset += d.parameterAddress(*parameter);
  instr.list = std::move(list);
  return true;
}

} // namespace

bool tegula::ptx::decodeLoadStore(Decoder &d, const Statement &s) {
  const bool isLoad = s.parts[0] == "ld" || s.parts[0] == "ldu";
  if (!isLoad && s.parts[0] != "st")
    return false;
  const Handlers *found = findHandlers(s.parts.back());
  if (!found)
    return false;
  const Operand &memory = d.at(s, isLoad ? 1 : 0),
                &value = d.at(s, isLoad ? 0 : 1);
  const std::vector<Operand> single = {value};
  const auto &elements = value.kind == Operand::Vector ? value.parts : single;
  std::vector<int32_t> list;
  for (const Operand &element : elements)
    list.push_back(isLoad ? d.target(s, element) : d.source(s, element));
  if (memory.kind != Operand::Memory)
    d.fail(s, "expected an address in brackets");
  if (s.has("param") || s.has("param::entry") || s.has("param::func"))
    return decodeParameter(d, s, memory, *found, std::move(list));
  Instr where;
  d.address(s, memory, where, 0);
  const bool isStrong = s.has("volatile") || s.has("relaxed") ||
                        s.has("acquire") || s.has("release") || s.has("mmio");
  const bool isPlain =
      isLoad && !isStrong && list.size() == 1 && spaceOf(s) == Space::Global;
  Instr &instr = d.emit(s, isPlain  ? found->loadGlobal
                           : isLoad ? found->load
                                    : found->store);
  instr.space = spaceOf(s);
  instr.src[0] = where.src[0];
  instr.offset = where.offset;
  instr.list = std::move(list);
  instr.imm = isStrong ? Strong : 0;
  return true;
}
