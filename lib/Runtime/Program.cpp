//===- Program.cpp - The main program of an executable artifact ----------===//
//
//   program [--threads=N] INPUT=in.npy ... [OUTPUT=out.npy ...]
//
// Reads every input, runs the model once, prints the type, sizes and first
// elements of every output and writes those that were given a file.
//
//===----------------------------------------------------------------------===//

#include "Npy.h"
#include "tegula/Runtime/Abi.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

using namespace tegula::runtime;

namespace {
/// What the command line said.
struct Arguments {
  int32_t numThreads;
  const char **inputPaths;  // One per input.
  const char **outputPaths; // One per output, or null.
};
} // namespace

/// Writes text whose names come from the model.
__attribute__((format(printf, 2, 3))) static void
print(int file, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  for (char *c = text; *c; ++c)
    if ((static_cast<unsigned char>(*c) < 0x20 && *c != '\n') || *c == 0x7f)
      *c = '?';
  if (write(file, text, strlen(text)) < 0)
    exit(1);
}

static void printSignature(int file, const char *what, int64_t count,
                           const TegulaTensorInfo *infos) {
  for (int64_t i = 0; i < count; ++i) {
    print(file, "  %s %s: %s[", what, infos[i].name, dtypeText(infos[i].dtype));
    if (infos[i].rank < 0)
      print(file, "...");
    for (int32_t d = 0; d < infos[i].rank; ++d) {
      const char *comma = d ? ", " : "";
      const char *name = infos[i].dim_names[d];
      if (infos[i].dims[d] >= 0)
        print(file, "%s%lld", comma, (long long)infos[i].dims[d]);
      else
        print(file, "%s%s", comma, *name ? name : "?");
    }
    print(file, "]\n");
  }
}

static void printUsage(int file, const char *program,
                       const TegulaManifest &manifest) {
  print(file, "usage: %s [--threads=N] INPUT=in.npy ... [OUTPUT=out.npy ...]\n",
        program);
  printSignature(file, "input", manifest.num_inputs, manifest.inputs);
  printSignature(file, "output", manifest.num_outputs, manifest.outputs);
}

/// Puts the path of "NAME=path" at the place of NAME.
static bool takePath(const char *argument, int64_t count,
                     const TegulaTensorInfo *infos, const char **paths) {
  for (int64_t i = 0; i < count; ++i) {
    const size_t length = strlen(infos[i].name);
    if (strncmp(argument, infos[i].name, length) != 0 ||
        argument[length] != '=' || paths[i])
      continue;
    paths[i] = argument + length + 1;
    return true;
  }
  return false;
}

/// 0, or the exit status.
static int parseArguments(int argc, char **argv, const TegulaManifest &manifest,
                          Arguments *arguments) {
  for (int i = 1; i < argc; ++i) {
    const char *argument = argv[i];
    if (strcmp(argument, "--help") == 0) {
      printUsage(1, argv[0], manifest);
      exit(0);
    }
    if (strncmp(argument, "--threads=", 10) == 0) {
      int64_t threads;
      const char *end = parseNumber(argument + 10, &threads);
      if (!end || *end || threads > INT32_MAX) {
        print(2, "error: '%s' does not give a number of threads\n", argument);
        return 1;
      }
      arguments->numThreads = static_cast<int32_t>(threads);
      continue;
    }
    if (!takePath(argument, manifest.num_inputs, manifest.inputs,
                  arguments->inputPaths) &&
        !takePath(argument, manifest.num_outputs, manifest.outputs,
                  arguments->outputPaths)) {
      print(2, "error: '%s' names no input or output\n", argument);
      printUsage(2, argv[0], manifest);
      return 1;
    }
  }
  for (int64_t i = 0; i < manifest.num_inputs; ++i)
    if (!arguments->inputPaths[i]) {
      print(2, "error: input '%s' has no file\n", manifest.inputs[i].name);
      printUsage(2, argv[0], manifest);
      return 1;
    }
  return 0;
}

/// Prints element `i` of a common type; false for the others.
static bool printElement(const TegulaTensor &tensor, int64_t i) {
  const void *data = tensor.data;
  switch (tensor.dtype) {
  case 1:
    print(1, " %g", static_cast<const float *>(data)[i]);
    return true;
  case 2:
  case 9:
    print(1, " %d", static_cast<const uint8_t *>(data)[i]);
    return true;
  case 3:
    print(1, " %d", static_cast<const int8_t *>(data)[i]);
    return true;
  case 6:
    print(1, " %d", static_cast<const int32_t *>(data)[i]);
    return true;
  case 7:
    print(1, " %lld", (long long)static_cast<const int64_t *>(data)[i]);
    return true;
  case 11:
    print(1, " %g", static_cast<const double *>(data)[i]);
    return true;
  default:
    return false;
  }
}

static void printOutput(const TegulaTensorInfo &info,
                        const TegulaTensor &tensor) {
  int64_t elements = 1;
  print(1, "%s: %s[", info.name, dtypeText(tensor.dtype));
  for (int32_t d = 0; d < tensor.rank; ++d) {
    print(1, "%s%lld", d ? ", " : "", (long long)tensor.shape[d]);
    elements *= tensor.shape[d];
  }
  print(1, "]");
  const int64_t shown = elements < 8 ? elements : 8;
  for (int64_t i = 0; i < shown && printElement(tensor, i); ++i)
    ;
  print(1, elements > shown ? " ...\n" : "\n");
}

static int readInputs(const TegulaManifest &manifest,
                      const Arguments &arguments, Array *arrays,
                      TegulaTensor *inputs) {
  for (int64_t i = 0; i < manifest.num_inputs; ++i) {
    const TegulaTensorInfo &info = manifest.inputs[i];
    const char *path = arguments.inputPaths[i];
    if (const char *problem = readNpy(path, info.dtype, &arrays[i])) {
      print(2, "error: input '%s' from '%s': %s (%s is expected)\n", info.name,
            path, problem, dtypeText(info.dtype));
      return 1;
    }
    inputs[i] = TegulaTensor{arrays[i].data, arrays[i].bytes, info.dtype,
                             arrays[i].rank, arrays[i].shape, nullptr};
  }
  return 0;
}

static int writeOutputs(const TegulaManifest &manifest,
                        const Arguments &arguments,
                        const TegulaTensor *outputs) {
  for (int64_t i = 0; i < manifest.num_outputs; ++i) {
    printOutput(manifest.outputs[i], outputs[i]);
    const char *path = arguments.outputPaths[i];
    if (!path)
      continue;
    if (const char *problem = writeNpy(path, outputs[i])) {
      print(2, "error: output '%s' to '%s': %s\n", manifest.outputs[i].name,
            path, problem);
      return 1;
    }
  }
  return 0;
}

static int runModel(const TegulaModel &model, const Arguments &arguments,
                    const TegulaTensor *inputs, TegulaTensor *outputs) {
  TegulaOptions options = {};
  options.size = sizeof(options);
  options.num_threads = arguments.numThreads;
  TegulaContext *context;
  if (const int32_t status = model.create(&options, &context)) {
    print(2, "error: %s\n", model.status_text(status));
    return 1;
  }
  if (model.run(context, inputs, model.manifest->num_inputs, outputs,
                model.manifest->num_outputs)) {
    print(2, "error: %s\n", model.last_error(context));
    return 1;
  }
  const int result = writeOutputs(*model.manifest, arguments, outputs);
  model.destroy(context);
  return result;
}

/// Zeroed memory for `count` objects, which lives as long as the program.
template <typename T>
static T *allocateTable(int64_t count) {
  T *table = static_cast<T *>(calloc(count + 1, sizeof(T)));
  if (table)
    return table;
  print(2, "error: out of memory\n");
  exit(1);
}

int main(int argc, char **argv) {
  const TegulaModel &model = *tegula_model();
  const TegulaManifest &manifest = *model.manifest;
  Arguments arguments = {0, allocateTable<const char *>(manifest.num_inputs),
                         allocateTable<const char *>(manifest.num_outputs)};
  if (int status = parseArguments(argc, argv, manifest, &arguments))
    return status;
  Array *arrays = allocateTable<Array>(manifest.num_inputs);
  TegulaTensor *inputs = allocateTable<TegulaTensor>(manifest.num_inputs);
  TegulaTensor *outputs = allocateTable<TegulaTensor>(manifest.num_outputs);
  int result = readInputs(manifest, arguments, arrays, inputs);
  if (result == 0)
    result = runModel(model, arguments, inputs, outputs);
  for (int64_t i = 0; i < manifest.num_inputs; ++i)
    freeArray(arrays[i]);
  return result;
}
