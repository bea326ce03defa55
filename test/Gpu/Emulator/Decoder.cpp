//===- Decoder.cpp - From statements to instructions ----------------------===//

#include "Decoder.h"
#include "Machine.h"

#include <algorithm>
#include <cstring>
#include <set>

using namespace tegula::ptx;

static uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

void Decoder::fail(const Statement &s, const std::string &what) const {
  throw Fault(FaultKind::Syntax, "PTX line " + std::to_string(s.line) + ": " +
                                     s.opcode + ": " + what);
}

const Operand &Decoder::at(const Statement &s, size_t operand) const {
  if (operand >= s.operands.size())
    fail(s, "has only " + std::to_string(s.operands.size()) + " operands");
  return s.operands[operand];
}

//===----------------------------------------------------------------------===//
// Special registers
//===----------------------------------------------------------------------===//

namespace {
enum class Special {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  ClusterIdX,
  ClusterIdY,
  ClusterIdZ,
  ClustersX,
  ClustersY,
  ClustersZ,
  RankX,
  RankY,
  RankZ,
  RanksX,
  RanksY,
  RanksZ,
  Rank,
  Ranks,
  LaneId,
  WarpId,
  WarpCount,
  WarpSize,
  LaneMaskEq,
  LaneMaskLt,
  LaneMaskLe,
  LaneMaskGt,
  LaneMaskGe,
  DynamicShared,
  TotalShared,
  Clock,
  Zero,
};
} // namespace

static const std::unordered_map<std::string, Special> &specials() {
  using S = Special;
  static const std::unordered_map<std::string, Special> table = {
      {"%tid.x", S::TidX},
      {"%tid.y", S::TidY},
      {"%tid.z", S::TidZ},
      {"%ntid.x", S::NtidX},
      {"%ntid.y", S::NtidY},
      {"%ntid.z", S::NtidZ},
      {"%ctaid.x", S::CtaidX},
      {"%ctaid.y", S::CtaidY},
      {"%ctaid.z", S::CtaidZ},
      {"%nctaid.x", S::NctaidX},
      {"%nctaid.y", S::NctaidY},
      {"%nctaid.z", S::NctaidZ},
      {"%clusterid.x", S::ClusterIdX},
      {"%clusterid.y", S::ClusterIdY},
      {"%clusterid.z", S::ClusterIdZ},
      {"%nclusterid.x", S::ClustersX},
      {"%nclusterid.y", S::ClustersY},
      {"%nclusterid.z", S::ClustersZ},
      {"%cluster_ctaid.x", S::RankX},
      {"%cluster_ctaid.y", S::RankY},
      {"%cluster_ctaid.z", S::RankZ},
      {"%cluster_nctaid.x", S::RanksX},
      {"%cluster_nctaid.y", S::RanksY},
      {"%cluster_nctaid.z", S::RanksZ},
      {"%cluster_ctarank", S::Rank},
      {"%cluster_nctarank", S::Ranks},
      {"%laneid", S::LaneId},
      {"%warpid", S::WarpId},
      {"%nwarpid", S::WarpCount},
      {"WARP_SZ", S::WarpSize},
      {"%lanemask_eq", S::LaneMaskEq},
      {"%lanemask_lt", S::LaneMaskLt},
      {"%lanemask_le", S::LaneMaskLe},
      {"%lanemask_gt", S::LaneMaskGt},
      {"%lanemask_ge", S::LaneMaskGe},
      {"%dynamic_smem_size", S::DynamicShared},
      {"%total_smem_size", S::TotalShared},
      {"%clock", S::Clock},
      {"%clock64", S::Clock},
      {"%globaltimer", S::Clock},
      {"%smid", S::Zero},
      {"%nsmid", S::WarpSize},
      {"%gridid", S::Zero},
  };
  return table;
}

/// One of the specials with three components; `of` is 0 for tid.
static unsigned component(const Warp &warp, int of, int d, unsigned thread) {
  const LaunchConfig &config = warp.block.cluster.config;
  const unsigned *block = config.block, *cluster = config.cluster;
  const unsigned tid[3] = {thread % block[0], thread / block[0] % block[1],
                           thread / block[0] / block[1]};
  switch (of) {
  case 0:
    return tid[d];
  case 1:
    return block[d];
  case 2:
    return warp.block.ctaid[d];
  case 3:
    return config.grid[d];
  case 4:
    return warp.block.ctaid[d] / cluster[d];
  case 5:
    return config.grid[d] / cluster[d];
  case 6:
    return warp.block.ctaid[d] % cluster[d];
  default:
    return cluster[d];
  }
}

static uint64_t specialValue(const Warp &warp, Special which, int lane) {
  Cluster &cluster = warp.block.cluster;
  if (which <= Special::RanksZ)
    return component(warp, static_cast<int>(which) / 3,
                     static_cast<int>(which) % 3, warp.threadOf(lane));
  switch (which) {
  case Special::Rank:
    return warp.block.rank;
  case Special::Ranks:
    return cluster.blocks.size();
  case Special::LaneId:
    return lane;
  case Special::WarpId:
    return warp.index;
  case Special::WarpCount:
    return warp.block.warps.size();
  case Special::WarpSize:
    return kLanes;
  case Special::LaneMaskEq:
    return 1u << lane;
  case Special::LaneMaskLt:
    return (1u << lane) - 1;
  case Special::LaneMaskLe:
    return (2u << lane) - 1;
  case Special::LaneMaskGt:
    return ~((2u << lane) - 1);
  case Special::LaneMaskGe:
    return ~((1u << lane) - 1);
  case Special::DynamicShared:
    return cluster.config.dynamicShared;
  case Special::TotalShared:
    return warp.block.shared.size();
  case Special::Clock:
    return cluster.instructions;
  default:
    return 0;
  }
}

static Step readSpecial(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *result = warp.row(instr.dst);
  for (int lane = 0; lane < kLanes; ++lane)
    if (mask >> lane & 1)
      result[lane] = specialValue(warp, static_cast<Special>(instr.imm), lane);
  return Step::Next;
}

/// imm: offset in the frame's local memory.
static Step localAddress(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *result = warp.row(instr.dst);
  for (int lane = 0; lane < kLanes; ++lane)
    if (mask >> lane & 1)
      result[lane] = warp.current().localBase + instr.imm;
  return Step::Next;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

int32_t Decoder::constant(uint64_t bits) {
  auto [it, isNew] = constantRows.insert({bits, 0});
  if (isNew) {
    it->second = ~static_cast<int32_t>(program->constants.size() / kLanes);
    program->constants.insert(program->constants.end(), kLanes, bits);
  }
  return it->second;
}

int32_t Decoder::carryRow() { return carry < 0 ? carry = temporary() : carry; }

const Decoder::Slot *Decoder::localSlot(const std::string &name) const {
  auto it = locals.find(name);
  return it == locals.end() ? nullptr : &it->second;
}

const Parameter *Decoder::kernelParameter(const std::string &name) const {
  for (const Parameter &parameter : program->parameters)
    if (parameter.name == name)
      return &parameter;
  return nullptr;
}

/// The address that a symbol stands for, if it is known now.
bool Decoder::symbol(const Operand &o, uint64_t &value) const {
  if (auto it = shared.find(o.name); it != shared.end())
    value = it->second;
  else if (auto global = addresses.find(o.name); global != addresses.end())
    value = global->second;
  else if (const Parameter *parameter = kernelParameter(o.name))
    value = program->parameterAddress + parameter->offset;
  else
    return false;
  value += o.offset;
  return true;
}

int32_t Decoder::source(const Statement &s, const Operand &o) {
  switch (o.kind) {
  case Operand::Register:
    return o.reg;
  case Operand::Integer:
  case Operand::Float:
    return constant(o.bits);
  case Operand::Symbol:
    break;
  default:
    fail(s, "expected a value as operand");
  }
  uint64_t value = 0;
  if (symbol(o, value))
    return constant(value);
  Instr instr;
  instr.statement = &s;
  instr.dst = temporary();
  if (const Slot *slot = localSlot(o.name)) {
    instr.run = localAddress;
    instr.imm = slot->offset + o.offset;
  } else if (auto it = specials().find(o.name); it != specials().end()) {
    instr.run = readSpecial;
    instr.imm = static_cast<uint64_t>(it->second);
  } else {
    fail(s, "nothing is named '" + o.name + "'");
  }
  program->code.push_back(instr);
  return instr.dst;
}

int32_t Decoder::target(const Statement &s, const Operand &o) {
  if (o.kind == Operand::Sink)
    return temporary();
  if (o.kind != Operand::Register)
    fail(s, "expected a register as result");
  return o.reg;
}

void Decoder::address(const Statement &s, const Operand &o, Instr &instr,
                      int slot) {
  if (o.kind != Operand::Memory)
    fail(s, "expected an address in brackets");
  instr.src[slot] = source(s, o.parts[0]);
  instr.offset = o.offset;
}

Instr &Decoder::emit(const Statement &s, Handler handler) {
  Instr instr;
  instr.run = handler;
  instr.guard = s.guard;
  instr.guardNegated = s.guardNegated;
  instr.statement = &s;
  program->code.push_back(instr);
  return program->code.back();
}

//===----------------------------------------------------------------------===//
// Labels and calls
//===----------------------------------------------------------------------===//

void Decoder::fixLabel(const Statement &s, const std::string &label,
                       int index) {
  labelFixes.push_back({program->code.size() - 1, index, label, &s});
}

void Decoder::fixCall(const Function &callee) {
  callFixes.push_back({program->code.size() - 1, &callee});
}

const std::vector<std::string> *
Decoder::branchTable(const std::string &name) const {
  auto it = current->branchTables.find(name);
  return it == current->branchTables.end() ? nullptr : &it->second;
}

const Function &Decoder::callee(const Statement &s,
                                const std::string &name) const {
  const Function *found = module.find(name);
  if (!found || !found->defined || found->entry)
    fail(s, "there is no function '" + name + "' to call");
  return *found;
}

Decoder::Slot Decoder::parameterOf(const Function &f, size_t index,
                                   bool isResult) {
  uint64_t top = 0;
  Slot slot = {0, 0};
  size_t seen = 0;
  auto take = [&](const std::vector<Variable> &list, bool wanted) {
    for (size_t i = 0; i < list.size(); ++i, ++seen) {
      top = roundUp(top, list[i].align);
      if (wanted && i == index)
        slot = {top, list[i].bytes};
      top += list[i].bytes;
    }
  };
  take(f.results, isResult);
  take(f.params, !isResult);
  return slot;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// The frame's local memory: results, parameters, then variables.
void Decoder::layoutLocals(const Function &f) {
  locals.clear();
  localTop = 0;
  auto place = [&](const Variable &v) {
    localTop = roundUp(localTop, v.align);
    locals[v.name] = {localTop, v.bytes};
    localTop += v.bytes;
  };
  if (!f.entry) {
    for (const Variable &v : f.results)
      place(v);
    for (const Variable &v : f.params)
      place(v);
  }
  for (const Variable &v : f.variables)
    if (v.space != "shared" && !v.external)
      place(v);
  localTop = roundUp(localTop, 16);
}

void Decoder::statement(const Statement &s) {
  static bool (*const families[])(Decoder &, const Statement &) = {
      decodeControl,   decodeMove,     decodeInteger,   decodeBits,
      decodeFloat,     decodeHalf,     decodeCompare,   decodeConvert,
      decodeLoadStore, decodeAtomic,   decodeWarp,      decodeBarrier,
      decodeMbarrier,  decodeBulkCopy, decodeAsyncCopy, decodeMatrix,
      decodeWgmma};
  for (auto family : families)
    if (family(*this, s))
      return;
  fail(s, "this instruction is not supported");
}

void Decoder::function(const Function &f) {
  current = &f;
  rows = static_cast<int>(f.registerBytes.size());
  carry = -1;
  layoutLocals(f);
  starts[&f] = program->code.size();
  std::vector<size_t> positions;
  const size_t firstFix = labelFixes.size(), firstCall = callFixes.size();
  for (const Statement &s : f.body) {
    positions.push_back(program->code.size());
    statement(s);
  }
  positions.push_back(program->code.size());
  static const Statement end = [] {
    Statement s;
    s.opcode = "ret";
    s.parts = {"ret"};
    return s;
  }();
  decodeControl(*this, end);
  for (size_t i = firstFix; i < labelFixes.size(); ++i) {
    LabelFix &fix = labelFixes[i];
    auto it = f.labels.find(fix.label);
    if (it == f.labels.end())
      fail(*fix.statement, "there is no label '" + fix.label + "'");
    Instr &instr = program->code[fix.instr];
    const size_t position = positions[it->second];
    if (fix.index < 0)
      instr.imm = position;
    else
      instr.list[fix.index] = static_cast<int32_t>(position);
  }
  // Calls need to know where the frame of the callee begins.
  for (size_t i = firstCall; i < callFixes.size(); ++i) {
    Instr &instr = program->code[callFixes[i].instr];
    instr.offset = static_cast<int64_t>(localTop);
    instr.dst = rows;
  }
  program->rows += rows;
  program->localBytes += localTop;
}

/// The entry and what it calls, the entry first.
std::vector<const Function *> Decoder::reach(const Function &entry) {
  std::vector<const Function *> reached = {&entry};
  for (size_t i = 0; i < reached.size(); ++i)
    for (const Statement &s : reached[i]->body) {
      if (s.parts[0] != "call")
        continue;
      for (const Operand &o : s.operands)
        if (o.kind == Operand::Symbol) {
          const Function *f = module.find(o.name);
          if (f && f->defined &&
              std::find(reached.begin(), reached.end(), f) == reached.end())
            reached.push_back(f);
        }
    }
  return reached;
}

static void collectSymbols(const Operand &o, std::set<std::string> &names) {
  if (o.kind == Operand::Symbol)
    names.insert(o.name);
  for (const Operand &part : o.parts)
    collectSymbols(part, names);
}

/// Static variables that are used first, then the dynamic memory.
void Decoder::layoutShared(const std::vector<const Function *> &reached) {
  std::set<std::string> used;
  std::vector<const Variable *> variables;
  for (const Variable &v : module.variables)
    variables.push_back(&v);
  for (const Function *f : reached) {
    for (const Statement &s : f->body)
      for (const Operand &o : s.operands)
        collectSymbols(o, used);
    for (const Variable &v : f->variables)
      variables.push_back(&v);
  }
  uint64_t top = 0;
  for (const bool isDynamic : {false, true})
    for (const Variable *v : variables) {
      if (v->space != "shared" || !used.count(v->name) ||
          (v->bytes == 0) != isDynamic)
        continue;
      top = roundUp(top, v->align);
      shared[v->name] = top;
      top += v->bytes;
    }
  program->staticShared = top;
}

void Decoder::layoutParameters(const Function &entry) {
  uint64_t top = 0;
  for (const Variable &v : entry.params) {
    top = roundUp(top, v.align);
    program->parameters.push_back({v.name, top, v.bytes, v.align});
    top += v.bytes;
  }
  program->parameterBytes = top;
  program->parameterAddress = addresses.at("parameters of " + entry.name);
}

std::unique_ptr<Program> Decoder::run(const Function &entry) {
  program = std::make_unique<Program>();
  program->name = entry.name;
  memcpy(program->reqntid, entry.reqntid, sizeof(entry.reqntid));
  memcpy(program->cluster, entry.cluster, sizeof(entry.cluster));
  program->maxntid = entry.maxntid;
  layoutParameters(entry);
  const auto reached = reach(entry);
  layoutShared(reached);
  for (const Function *f : reached)
    function(*f);
  for (const CallFix &fix : callFixes)
    program->code[fix.instr].imm = starts.at(fix.callee);
  return std::move(program);
}

std::unique_ptr<Program> tegula::ptx::decode(
    const Module &module, const Function &entry,
    const std::unordered_map<std::string, uint64_t> &addresses) {
  return Decoder(module, addresses).run(entry);
}
