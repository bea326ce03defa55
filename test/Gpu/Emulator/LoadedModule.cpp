//===- LoadedModule.cpp - A module and its variables in memory ------------===//

#include "Fault.h"
#include "Program.h"

#include <cstring>

using namespace tegula::ptx;

LoadedModule::LoadedModule(const std::string &text, GlobalMemory &memory)
    : memory(memory), module(parse(text)) {
  auto own = [&](const std::string &name, uint64_t bytes,
                 const std::string &what) {
    Allocation &made = memory.allocate(bytes ? bytes : 1, what);
    owned.push_back(made.address);
    addresses[name] = made.address;
    return &made;
  };
  for (const Variable &v : module->variables)
    if (v.space == "global" || v.space == "const")
      own(v.name, v.bytes, "variable " + v.name)->readOnly = v.space == "const";
  for (const Variable &v : module->variables)
    if (addresses.count(v.name))
      initialize(v);
  for (const auto &f : module->functions) {
    if (!f->entry || !f->defined)
      continue;
    uint64_t bytes = 0;
    for (const Variable &v : f->params)
      bytes = (bytes + v.align - 1) / v.align * v.align + v.bytes;
    own("parameters of " + f->name, bytes, "the parameters of " + f->name)
        ->readOnly = true;
  }
}

LoadedModule::~LoadedModule() {
  for (uint64_t address : owned)
    memory.release(address);
}

/// Writes a variable's initial value; without one it is zero.
void LoadedModule::initialize(const Variable &v) {
  Allocation &place = *memory.find(addresses.at(v.name));
  uint8_t *data = reinterpret_cast<uint8_t *>(place.address);
  memset(data, 0, v.bytes);
  if (!v.init.empty())
    memcpy(data, v.init.data(), v.init.size());
  for (const auto &[offset, target] : v.addresses) {
    auto it = addresses.find(target.first);
    if (it == addresses.end())
      throw Fault(FaultKind::Syntax,
                  "variable " + v.name +
                      " is initialised with the address of " + target.first +
                      ", which is no variable");
    const uint64_t address = it->second + target.second;
    memcpy(data + offset, &address, sizeof(address));
  }
  place.markWritten(place.address, v.bytes);
}

const Program *LoadedModule::kernel(const std::string &name) {
  auto it = kernels.find(name);
  if (it != kernels.end())
    return it->second.get();
  const Function *entry = module->find(name);
  if (!entry || !entry->entry || !entry->defined)
    return nullptr;
  auto program = decode(*module, *entry, addresses);
  return kernels.emplace(name, std::move(program)).first->second.get();
}
