//===- KernelText.cpp - Problems and schedules as text --------------------===//

#include "tegula/CostModel/KernelText.h"

#include <charconv>

using namespace tegula::cost;

template <typename... Structs>
static std::string print(const std::variant<Structs...> &value) {
  return std::visit(
      [](const auto &held) {
        std::string text = held.kName;
        forEachField(held, [&](const char *name, auto member) {
          text += ' ';
          text += name;
          text += '=';
          text += std::to_string(int64_t(member));
        });
        return text;
      },
      value);
}

/// Takes the first word off `text`; empty at its end.
static std::string_view takeWord(std::string_view &text) {
  size_t first = std::min(text.find_first_not_of(' '), text.size());
  size_t last = std::min(text.find(' ', first), text.size());
  std::string_view word = text.substr(first, last - first);
  text.remove_prefix(last);
  return word;
}

/// A flag is 0 or 1; what else its text says is refused.
static bool readNumber(std::string_view text, bool &number) {
  number = text == "1";
  return number || text == "0";
}

static bool readNumber(std::string_view text, int64_t &number) {
  const char *end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stopped == end && !text.empty();
}

/// Reads one word `name=number` into the field of that name.
template <typename Struct>
static bool readField(std::string_view word, Struct &value) {
  size_t equals = std::min(word.find('='), word.size());
  std::string_view name = word.substr(0, equals);
  std::string_view number = word.substr(std::min(equals + 1, word.size()));
  bool isRead = false;
  forEachField(value, [&](const char *field, auto &member) {
    if (name == field)
      isRead = readNumber(number, member);
  });
  return isRead;
}

template <typename Struct>
static bool readFields(std::string_view text, Struct &value,
                       std::string &message) {
  for (std::string_view word = takeWord(text); !word.empty();
       word = takeWord(text))
    if (!readField(word, value)) {
      message = "'" + std::string(word) + "' is not a field of '" +
                Struct::kName + "' with a number";
      return false;
    }
  return true;
}

/// Reads `text` as a `Struct` into the variant, if that is its name.
template <typename Struct, typename Variant>
static bool isNamed(std::string_view name, std::string_view text,
                    Variant &value, bool &isRead, std::string &message) {
  if (name != Struct::kName)
    return false;
  Struct held;
  isRead = readFields(text, held, message);
  value = held;
  return true;
}

template <typename... Structs>
static bool read(std::string_view text, std::variant<Structs...> &value,
                 std::string &message) {
  std::string_view name = takeWord(text);
  bool isRead = false;
  if ((isNamed<Structs>(name, text, value, isRead, message) || ...))
    return isRead;
  message = "there is no family '" + std::string(name) + "'";
  return false;
}

std::string tegula::cost::textOf(const Problem &problem) {
  return print(problem);
}

std::string tegula::cost::textOf(const Schedule &schedule) {
  return print(schedule);
}

bool tegula::cost::readText(std::string_view text, Problem &problem,
                            std::string &message) {
  return read(text, problem, message);
}

bool tegula::cost::readText(std::string_view text, Schedule &schedule,
                            std::string &message) {
  return read(text, schedule, message);
}
