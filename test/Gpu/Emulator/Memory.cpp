//===- Memory.cpp - Global memory of the emulated device ------------------===//

#include "Memory.h"

#include <cstring>

using namespace tegula::ptx;

bool Allocation::isWritten(uint64_t at, uint64_t count) const {
  for (; count >= 8; at += 8, count -= 8)
    if (!isWordWritten<uint64_t>(at))
      return false;
  for (; count; ++at, --count)
    if (!isWordWritten<uint8_t>(at))
      return false;
  return true;
}

void Allocation::markWritten(uint64_t at, uint64_t count) {
  memset(&written[at - address], 1, count);
}

Allocation &GlobalMemory::allocate(uint64_t bytes, const std::string &name) {
  constexpr uint64_t kAlignment = 256;
  Allocation made;
  made.bytes = bytes;
  made.name = name;
  // A guard of one line on either side keeps allocations from touching.
  made.storage.reset(new uint8_t[bytes + 3 * kAlignment]);
  memset(made.storage.get(), 0xff, bytes + 3 * kAlignment);
  uint64_t start = reinterpret_cast<uint64_t>(made.storage.get());
  made.address = (start + 2 * kAlignment - 1) / kAlignment * kAlignment;
  made.written.assign(bytes, 0);
  return allocations.emplace(made.address, std::move(made)).first->second;
}

bool GlobalMemory::release(uint64_t address) {
  auto it = allocations.find(address);
  if (it == allocations.end())
    return false;
  released.push_back({address, it->second.bytes, it->second.name});
  allocations.erase(it);
  return true;
}

Allocation *GlobalMemory::find(uint64_t address) {
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin())
    return nullptr;
  --it;
  return it->second.contains(address, 1) ? &it->second : nullptr;
}

std::string GlobalMemory::describe(uint64_t address) const {
  for (size_t i = released.size(); i-- > 0;)
    if (address - released[i].address < released[i].bytes)
      return "byte " + std::to_string(address - released[i].address) + " of " +
             released[i].name + ", which has been freed";
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin())
    return "before every allocation";
  --it;
  const Allocation &below = it->second;
  return std::to_string(address - below.address - below.bytes) +
         " bytes after the end of " + below.name + " (" +
         std::to_string(below.bytes) + " bytes)";
}
