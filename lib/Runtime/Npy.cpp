//===- Npy.cpp - Arrays in NumPy's file format ---------------------------===//
//
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html:
// magic, version, length of the header, a Python dict as text, then the
// elements. Files are untrusted.
//
//===----------------------------------------------------------------------===//

#include "Npy.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

using namespace tegula::runtime;

namespace {
struct DtypeRow {
  const char *text;  // ONNX's name.
  const char *descr; // NumPy's type; "V..." where it has none.
  int64_t bytes;
};
/// In the order of TensorProto.DataType.
constexpr DtypeRow kDtypes[] = {
    {"?", "", 0},
    {"float", "<f4", 4},
    {"uint8", "|u1", 1},
    {"int8", "|i1", 1},
    {"uint16", "<u2", 2},
    {"int16", "<i2", 2},
    {"int32", "<i4", 4},
    {"int64", "<i8", 8},
    {"string", "", 0},
    {"bool", "|b1", 1},
    {"float16", "<f2", 2},
    {"double", "<f8", 8},
    {"uint32", "<u4", 4},
    {"uint64", "<u8", 8},
    {"complex64", "<c8", 8},
    {"complex128", "<c16", 16},
    {"bfloat16", "|V2", 2},
    {"float8e4m3fn", "|V1", 1},
    {"float8e4m3fnuz", "|V1", 1},
    {"float8e5m2", "|V1", 1},
    {"float8e5m2fnuz", "|V1", 1},
    {"uint4", "|u1", 1},
    {"int4", "|i1", 1},
    {"float4e2m1", "|V1", 1},
    {"float8e8m0", "|V1", 1},
    {"uint2", "|u1", 1},
    {"int2", "|i1", 1},
};
constexpr int64_t kMaxHeader = 64 * 1024;
constexpr char kMagic[] = "\x93NUMPY";
} // namespace

static const DtypeRow &rowOf(int32_t dtype) {
  const int32_t count = sizeof(kDtypes) / sizeof(kDtypes[0]);
  return kDtypes[dtype > 0 && dtype < count ? dtype : 0];
}

const char *tegula::runtime::dtypeText(int32_t dtype) {
  return rowOf(dtype).text;
}

static bool readAll(int file, void *data, int64_t bytes) {
  char *next = static_cast<char *>(data);
  while (bytes > 0) {
    const int64_t got = read(file, next, bytes);
    if (got <= 0)
      return false;
    next += got;
    bytes -= got;
  }
  return true;
}

static bool writeAll(int file, const void *data, int64_t bytes) {
  const char *next = static_cast<const char *>(data);
  while (bytes > 0) {
    const int64_t done = write(file, next, bytes);
    if (done <= 0)
      return false;
    next += done;
    bytes -= done;
  }
  return true;
}

/// The text behind 'key': in the dict, or null.
static const char *valueOf(const char *header, const char *key) {
  const char *value = strstr(header, key);
  if (!value)
    return nullptr;
  value += strlen(key);
  while (*value == ' ' || *value == ':')
    ++value;
  return value;
}

/// Is the quoted type at `text` the one of `row`? "V2" and "<V2" are one.
static bool hasType(const char *text, const DtypeRow &row) {
  if (*text != '\'' && *text != '"')
    return false;
  const char *descr = text + 1;
  const size_t length = strlen(row.descr + 1);
  if (*descr == '<' || *descr == '|' || *descr == '=')
    ++descr;
  return length > 0 && strncmp(descr, row.descr + 1, length) == 0 &&
         (descr[length] == '\'' || descr[length] == '"');
}

const char *tegula::runtime::parseNumber(const char *text, int64_t *value) {
  if (*text < '0' || *text > '9')
    return nullptr;
  for (*value = 0; *text >= '0' && *text <= '9'; ++text)
    if (__builtin_mul_overflow(*value, 10, value) ||
        __builtin_add_overflow(*value, *text - '0', value))
      return nullptr;
  return text;
}

static const char *parseShape(const char *text, Array *array) {
  if (*text++ != '(')
    return "its shape is not a tuple";
  array->rank = 0;
  while (*text != ')') {
    int64_t size;
    text = parseNumber(text, &size);
    if (!text || array->rank == TEGULA_MAX_RANK)
      return "its shape is not a short list of sizes";
    array->shape[array->rank++] = size;
    while (*text == ' ' || *text == ',')
      ++text;
  }
  return nullptr;
}

static const char *parseHeader(const char *header, const DtypeRow &row,
                               Array *array) {
  const char *descr = valueOf(header, "'descr'");
  const char *order = valueOf(header, "'fortran_order'");
  const char *shape = valueOf(header, "'shape'");
  if (!descr || !order || !shape)
    return "its header has no descr, fortran_order and shape";
  if (!hasType(descr, row))
    return "its element type is not the expected one";
  if (const char *problem = parseShape(shape, array))
    return problem;
  if (strncmp(order, "False", 5) != 0 && array->rank > 1)
    return "it is not row-major";
  array->bytes = row.bytes;
  for (int32_t d = 0; d < array->rank; ++d)
    if (__builtin_mul_overflow(array->bytes, array->shape[d], &array->bytes))
      return "its size overflows";
  return nullptr;
}

static const char *readFile(int file, const DtypeRow &row, Array *array) {
  unsigned char start[8];
  if (!readAll(file, start, sizeof(start)) ||
      memcmp(start, kMagic, sizeof(kMagic) - 1) != 0)
    return "it is not a .npy file";
  unsigned char length[4] = {};
  if (!readAll(file, length, start[6] == 1 ? 2 : 4))
    return "it ends within its header";
  const int64_t headerBytes = length[0] | length[1] << 8 | length[2] << 16 |
                              static_cast<int64_t>(length[3]) << 24;
  if (headerBytes > kMaxHeader)
    return "its header is too long";
  char *header = static_cast<char *>(calloc(headerBytes + 1, 1));
  if (!header)
    return "there is no memory for its header";
  const char *problem = readAll(file, header, headerBytes)
                            ? parseHeader(header, row, array)
                            : "it ends within its header";
  free(header);
  if (problem)
    return problem;
  // The file must be there before its size in the header is believed.
  const int64_t begin = lseek(file, 0, SEEK_CUR),
                end = lseek(file, 0, SEEK_END);
  if (begin < 0 || end - begin < array->bytes ||
      lseek(file, begin, SEEK_SET) != begin)
    return "it is shorter than its shape says";
  if (posix_memalign(&array->data, 64, array->bytes ? array->bytes : 1) != 0)
    return "there is no memory for it";
  return readAll(file, array->data, array->bytes) ? nullptr
                                                  : "it cannot be read";
}

const char *tegula::runtime::readNpy(const char *path, int32_t dtype,
                                     Array *array) {
  memset(array, 0, sizeof(*array));
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return "it cannot be opened";
  const char *problem = readFile(file, rowOf(dtype), array);
  close(file);
  return problem;
}

void tegula::runtime::freeArray(Array &array) {
  free(array.data);
  array.data = nullptr;
}

const char *tegula::runtime::writeNpy(const char *path,
                                      const TegulaTensor &tensor) {
  char text[2048];
  int used = snprintf(text, sizeof(text),
                      "{'descr': '%s', 'fortran_order': False, 'shape': (",
                      rowOf(tensor.dtype).descr);
  for (int32_t d = 0; d < tensor.rank; ++d)
    used += snprintf(text + used, sizeof(text) - used, "%lld,",
                     (long long)tensor.shape[d]);
  used += snprintf(text + used, sizeof(text) - used, "), }");
  // Elements start at a multiple of 64; a newline ends the header.
  const int prefix = 10;
  while ((prefix + used + 1) % 64 != 0)
    text[used++] = ' ';
  text[used++] = '\n';
  unsigned char start[prefix] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  start[8] = used & 255;
  start[9] = used >> 8;
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return "it cannot be opened for writing";
  const bool written = writeAll(file, start, prefix) &&
                       writeAll(file, text, used) &&
                       writeAll(file, tensor.data, tensor.bytes);
  return (close(file) == 0) && written ? nullptr : "it cannot be written";
}
