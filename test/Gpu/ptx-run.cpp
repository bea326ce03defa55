//===- ptx-run.cpp - Runs a kernel of a PTX file in the emulator ----------===//
//
//   ptx-run FILE --list
//   ptx-run FILE KERNEL [--grid=X,Y,Z] [--block=X,Y,Z] [--cluster=X,Y,Z]
//           [--shared=BYTES] [--delivery=late|early|random:SEED] [--statistics]
//           [--print] [--buffer=BUFFER]... ARGUMENT...
//
// An argument is one of
//   TYPE=VALUE            a scalar: s32, u32, s64, u64, f32
//   TYPE[COUNT]=CONTENTS  a buffer: f32, f16, bf16, s32, u32, s8, u8,
//                         x64 (printed in hexadecimal);
//                         CONTENTS: iota, mod:N (the number of the element
//                         modulo N), a number for every element, or `out`
//                         (never written; printed after the run, with
//                         --print as all are)
//                         (--buffer makes one that is no argument, for maps)
//   map(BUFFER,TYPE,SIZExSIZE..,BOXxBOX..,SWIZZLE)
//                         a tensor map of the buffer with that number;
//                         SWIZZLE: 0, 32, 64, 128
//
// Exits with 1 and the fault if there is one.
//
//===----------------------------------------------------------------------===//
#include "Emulator/Lanes.h"
#include "Emulator/TensorMap.h"

#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>

using namespace tegula::ptx;

namespace {

[[noreturn]] void usage(const std::string &what) {
  fprintf(stderr, "ptx-run: %s; the head of ptx-run.cpp says how to call it\n",
          what.c_str());
  exit(2);
}

std::vector<std::string> cut(const std::string &text, char at) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, at);)
    parts.push_back(part);
  return parts;
}

unsigned bytesOf(const std::string &type) {
  const size_t digit = type.find_first_of("0123456789");
  const unsigned bits =
      digit == std::string::npos ? 0 : atoi(type.c_str() + digit);
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
    usage("there is no type " + type);
  return bits / 8;
}

uint64_t encode(const std::string &type, double value) {
  return type == "f32"    ? put(static_cast<float>(value))
         : type == "f64"  ? put(value)
         : type == "f16"  ? put(Half::from(value))
         : type == "bf16" ? put(BFloat::from(value))
                          : static_cast<uint64_t>(static_cast<int64_t>(value));
}

double valueOf(const std::string &type, uint64_t bits) {
  return type == "f32"    ? get<float>(bits)
         : type == "f64"  ? get<double>(bits)
         : type == "f16"  ? float(get<Half>(bits))
         : type == "bf16" ? float(get<BFloat>(bits))
         : type == "s32"  ? get<int32_t>(bits)
         : type == "s8"   ? get<int8_t>(bits)
         : type == "u8"   ? get<uint8_t>(bits)
         : type == "u32"  ? get<uint32_t>(bits)
                          : static_cast<double>(static_cast<int64_t>(bits));
}

struct Buffer {
  std::string type;
  uint64_t address, count;
  bool isOutput;
};

/// What the command line says.
struct Run {
  std::string file, kernel;
  bool lists = false, showsStatistics = false, printsAll = false;
  LaunchConfig config;
  std::vector<std::string> buffers, arguments;
};

void readTriple(const std::string &text, unsigned result[3]) {
  const auto parts = cut(text, ',');
  for (size_t i = 0; i < parts.size() && i < 3; ++i)
    result[i] = atoi(parts[i].c_str());
}

void readOption(const std::string &option, Run &run) {
  const size_t equals = option.find('=');
  const std::string name = option.substr(0, equals);
  const std::string value =
      equals == std::string::npos ? "" : option.substr(equals + 1);
  if (name == "--list")
    run.lists = true;
  else if (name == "--statistics")
    run.showsStatistics = true;
  else if (name == "--print")
    run.printsAll = true;
  else if (name == "--buffer")
    run.buffers.push_back(value);
  else if (name == "--grid")
    readTriple(value, run.config.grid);
  else if (name == "--block")
    readTriple(value, run.config.block);
  else if (name == "--cluster")
    readTriple(value, run.config.cluster);
  else if (name == "--shared")
    run.config.dynamicShared = atoi(value.c_str());
  else if (name == "--delivery") {
    run.config.delivery = value == "early"  ? Delivery::Early
                          : value == "late" ? Delivery::Late
                                            : Delivery::Random;
    if (const size_t colon = value.find(':'); colon != std::string::npos)
      run.config.seed = atoi(value.c_str() + colon + 1);
  } else
    usage("there is no option " + name);
}

Run readCommandLine(int argc, char **argv) {
  Run run;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.compare(0, 2, "--") == 0)
      readOption(word, run);
    else if (run.file.empty())
      run.file = word;
    else if (run.kernel.empty())
      run.kernel = word;
    else
      run.arguments.push_back(word);
  }
  if (run.file.empty() || (run.kernel.empty() && !run.lists))
    usage("expected a file and a kernel");
  return run;
}

/// The value of element `i` of a buffer.
double contentOf(const std::string &contents, uint64_t i) {
  if (contents == "iota")
    return static_cast<double>(i);
  if (contents.compare(0, 4, "mod:") == 0)
    return static_cast<double>(i % atoi(contents.c_str() + 4));
  return atof(contents.c_str());
}

Buffer makeBuffer(const std::string &text, GlobalMemory &memory, int number) {
  const size_t open = text.find('['), close = text.find("]=");
  if (close == std::string::npos)
    usage("cannot read the buffer " + text);
  Buffer buffer;
  buffer.type = text.substr(0, open);
  buffer.count = atoi(text.c_str() + open + 1);
  const std::string contents = text.substr(close + 2);
  buffer.isOutput = contents == "out";
  const unsigned bytes = bytesOf(buffer.type);
  Allocation &made =
      memory.allocate(buffer.count * bytes, "buffer " + std::to_string(number));
  buffer.address = made.address;
  for (uint64_t i = 0; i < buffer.count && !buffer.isOutput; ++i) {
    const uint64_t bits = encode(buffer.type, contentOf(contents, i));
    memcpy(reinterpret_cast<char *>(made.address) + i * bytes, &bits, bytes);
  }
  if (!buffer.isOutput)
    made.markWritten(made.address, made.bytes);
  return buffer;
}

TensorMap makeMap(const std::string &text, const std::vector<Buffer> &buffers) {
  const auto parts = cut(text.substr(4, text.size() - 5), ',');
  if (parts.size() != 5 || size_t(atoi(parts[0].c_str())) >= buffers.size())
    usage("cannot read the tensor map " + text);
  TensorMap map = {};
  map.magic = TensorMap::kMagic;
  map.address = buffers[atoi(parts[0].c_str())].address;
  map.elementBytes = bytesOf(parts[1]);
  const auto size = cut(parts[2], 'x'), box = cut(parts[3], 'x');
  map.rank = size.size();
  uint64_t stride = map.elementBytes;
  for (unsigned d = 0; d < map.rank && d < 5; ++d) {
    map.size[d] = atoi(size[d].c_str());
    map.box[d] = d < box.size() ? atoi(box[d].c_str()) : 1;
    map.steps[d] = 1;
    stride *= map.size[d];
    if (d < 4)
      map.strides[d] = stride;
  }
  const int span = atoi(parts[4].c_str());
  map.swizzle = span == 128 ? 3 : span == 64 ? 2 : span == 32 ? 1 : 0;
  return map;
}

/// Writes one argument to the launch's parameters.
void passArgument(const std::string &text, const Parameter &parameter,
                  GlobalMemory &memory, std::vector<Buffer> &buffers,
                  uint64_t parameters) {
  auto *to = reinterpret_cast<void *>(parameters + parameter.offset);
  if (text.compare(0, 4, "map(") == 0) {
    const TensorMap map = makeMap(text, buffers);
    memcpy(to, &map, std::min<uint64_t>(sizeof(map), parameter.bytes));
  } else if (text.find('[') != std::string::npos) {
    buffers.push_back(
        makeBuffer(text, memory, static_cast<int>(buffers.size())));
    memcpy(to, &buffers.back().address, sizeof(uint64_t));
  } else {
    const size_t equals = text.find('=');
    if (equals == std::string::npos)
      usage("cannot read the argument " + text);
    const uint64_t bits =
        encode(text.substr(0, equals), atof(text.c_str() + equals + 1));
    memcpy(to, &bits, std::min<uint64_t>(8, parameter.bytes));
  }
}

void printOutputs(const Run &run, const std::vector<Buffer> &buffers,
                  GlobalMemory &memory) {
  for (size_t b = 0; b < buffers.size(); ++b) {
    const Buffer &buffer = buffers[b];
    if (!buffer.isOutput && !run.printsAll)
      continue;
    const unsigned bytes = bytesOf(buffer.type);
    printf("buffer %zu:", b);
    for (uint64_t i = 0; i < buffer.count; ++i) {
      uint64_t bits = 0;
      const uint64_t at = buffer.address + i * bytes;
      memcpy(&bits, reinterpret_cast<const char *>(at), bytes);
      if (!memory.find(at)->isWritten(at, bytes))
        printf(" ?");
      else if (buffer.type[0] == 'x')
        printf(" %llx", static_cast<unsigned long long>(bits));
      else
        printf(" %.10g", valueOf(buffer.type, bits));
    }
    printf("\n");
  }
}

/// One line per function; every kernel is decoded, too.
void list(LoadedModule &module) {
  for (const auto &f : module.text().functions) {
    if (f->entry)
      module.kernel(f->name);
    printf("%s %s: %zu parameters, %zu variables, %zu registers, "
           "%zu instructions, %zu labels, %zu branch tables\n",
           f->entry ? "entry" : "func", f->name.c_str(), f->params.size(),
           f->variables.size(), f->registerBytes.size(), f->body.size(),
           f->labels.size(), f->branchTables.size());
  }
}

void runKernel(const Run &run, LoadedModule &module, GlobalMemory &memory) {
  const Program *program = module.kernel(run.kernel);
  if (!program)
    usage("there is no kernel " + run.kernel);
  if (program->parameters.size() != run.arguments.size())
    usage("the kernel has " + std::to_string(program->parameters.size()) +
          " parameters");
  std::vector<Buffer> buffers;
  for (const std::string &text : run.buffers)
    buffers.push_back(
        makeBuffer(text, memory, static_cast<int>(buffers.size())));
  for (size_t i = 0; i < run.arguments.size(); ++i)
    passArgument(run.arguments[i], program->parameters[i], memory, buffers,
                 program->parameterAddress);
  if (Allocation *parameters = memory.find(program->parameterAddress))
    parameters->markWritten(parameters->address, parameters->bytes);
  const clock_t start = clock();
  const LaunchStatistics statistics = launch(memory, *program, run.config);
  const double spent = double(clock() - start) / CLOCKS_PER_SEC;
  if (run.showsStatistics)
    printf("%.3f million thread instructions, %.1f million a CPU second\n",
           statistics.threadInstructions * 1e-6,
           statistics.threadInstructions * 1e-6 / spent);
  printOutputs(run, buffers, memory);
}

} // namespace

int main(int argc, char **argv) {
  const Run run = readCommandLine(argc, argv);
  std::ifstream file(run.file);
  if (!file)
    usage("cannot open " + run.file);
  std::stringstream text;
  text << file.rdbuf();
  GlobalMemory memory;
  try {
    LoadedModule module(text.str(), memory);
    if (run.lists)
      list(module);
    else
      runKernel(run, module, memory);
  } catch (const Fault &fault) {
    fflush(stdout);
    fprintf(stderr, "%s\n", fault.what());
    return 1;
  }
  return 0;
}
