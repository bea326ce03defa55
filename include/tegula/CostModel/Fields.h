//===- Fields.h - Structs of numbers that list their fields -----*- C++ -*-===//
//
// A problem or schedule names its members once, in `fields()`:
//
//   struct Sizes {
//     int64_t rows = 1;
//     bool packed = false;
//     static constexpr auto fields() {
//       return std::tuple(Field("rows", &Sizes::rows),
//                         Field("packed", &Sizes::packed));
//     }
//   };
//
// Equality, hashes, texts (KernelText.h) and tables of measurements follow from
// that list.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_COSTMODEL_FIELDS_H
#define TEGULA_COSTMODEL_FIELDS_H

#include <cstdint>
#include <tuple>
#include <variant>
#include <vector>

namespace tegula::cost {

/// A member of `Struct` and its name in texts.
template <typename Struct, typename Value>
struct Field {
  const char *name;
  Value Struct::*member;

  constexpr Field(const char *name, Value Struct::*member)
      : name(name), member(member) {}
};

/// Calls `visit(name, member)` for each field of `value`, in order.
template <typename Struct, typename Visit>
constexpr void forEachField(Struct &value, Visit &&visit) {
  std::apply(
      [&](const auto &...field) {
        (visit(field.name, value.*field.member), ...);
      },
      Struct::fields());
}

template <typename Struct, typename = decltype(Struct::fields())>
bool operator==(const Struct &a, const Struct &b) {
  return std::apply(
      [&](const auto &...field) {
        return ((a.*field.member == b.*field.member) && ...);
      },
      Struct::fields());
}

/// The numbers of all fields, in order.
template <typename Struct>
std::vector<int64_t> numbersOf(const Struct &value) {
  std::vector<int64_t> numbers;
  forEachField(value,
               [&](const char *, auto member) { numbers.push_back(member); });
  return numbers;
}

/// One step of a hash that is the same on every machine and in every run.
inline uint64_t mixHash(uint64_t hash, int64_t value) {
  hash = (hash ^ uint64_t(value)) * 0x9e3779b97f4a7c15ull;
  return hash ^ (hash >> 29);
}

template <typename Struct, typename = decltype(Struct::fields())>
uint64_t hashOf(const Struct &value, uint64_t seed = 1) {
  forEachField(
      value, [&](const char *, auto member) { seed = mixHash(seed, member); });
  return seed;
}

/// Of what a variant holds.
template <typename... Structs>
uint64_t hashOf(const std::variant<Structs...> &value, uint64_t seed = 1) {
  seed = mixHash(seed, int64_t(value.index()));
  return std::visit([&](const auto &held) { return hashOf(held, seed); },
                    value);
}

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_FIELDS_H
