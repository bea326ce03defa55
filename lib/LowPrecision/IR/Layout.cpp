//===- Layout.cpp - Where packed codes lie --------------------------------===//

#include "tegula/LowPrecision/IR/LowPrecision.h"

#include "mlir/IR/Builders.h"

#include <algorithm>

using namespace mlir;
using namespace tegula::lp;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Mode>> tegula::lp::parseModes(AsmParser &parser) {
  SmallVector<Mode> modes;
  auto parseMode = [&]() -> ParseResult {
    StringRef word;
    Mode mode = {0, 0, 1};
    SMLoc at = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return failure();
    mode.dim = word.front();
    if ((mode.dim != 'n' && mode.dim != 'k') ||
        word.drop_front().getAsInteger(10, mode.size))
      return parser.emitError(at, "expected a mode such as `k8` or `n4*8`");
    if (succeeded(parser.parseOptionalStar()) &&
        parser.parseInteger(mode.stride))
      return failure();
    modes.push_back(mode);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseMode))
    return failure();
  return modes;
}

void tegula::lp::printModes(AsmPrinter &printer, ArrayRef<Mode> modes) {
  printer << '[';
  llvm::interleaveComma(modes, printer, [&](const Mode &mode) {
    printer << mode.dim << mode.size;
    if (mode.stride != 1)
      printer << '*' << mode.stride;
  });
  printer << ']';
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// Bounds that keep enumeration short; kernels use far smaller tiles.
static constexpr int64_t kMaxTileElements = 1 << 14;
static constexpr int64_t kMaxModes = 8;

/// The number of positions that `modes` count; 0 if it is out of bounds.
static int64_t countOf(ArrayRef<Mode> modes) {
  int64_t count = 1;
  for (const Mode &mode : modes) {
    if (mode.size < 1 || mode.size > kMaxTileElements || mode.stride < 1 ||
        mode.stride > kMaxTileElements)
      return 0;
    count *= mode.size;
    if (count > kMaxTileElements)
      return 0;
  }
  return count;
}

LogicalResult PlaneAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t bits, int64_t shift,
                                ArrayRef<Mode> slot, ArrayRef<Mode> lane,
                                ArrayRef<Mode> reg) {
  if (!llvm::is_contained({1, 2, 4, 8}, bits))
    return emitError() << "`bits` must be 1, 2, 4 or 8, found " << bits;
  if (shift < 0 || shift + bits > 8)
    return emitError() << "`shift` leaves the 8 bits of a code: " << shift;
  if (slot.size() + lane.size() + reg.size() > kMaxModes || !countOf(slot) ||
      !countOf(lane) || !countOf(reg))
    return emitError() << "too many modes, or sizes and strides that are not "
                          "between 1 and "
                       << kMaxTileElements;
  return success();
}

/// The number of the element (n, k) in the order of `modes`.
static AffineExpr numberOf(ArrayRef<Mode> modes, AffineExpr n, AffineExpr k) {
  AffineExpr number = getAffineConstantExpr(0, n.getContext());
  int64_t pitch = 1;
  for (const Mode &mode : modes) {
    AffineExpr digit = (mode.dim == 'n' ? n : k).floorDiv(mode.stride);
    number = number + digit % mode.size * pitch;
    pitch *= mode.size;
  }
  return number;
}

/// The bit of a plane at which the element (n, k) begins.
static AffineExpr bitOf(PlaneAttr plane, int64_t container, AffineExpr n,
                        AffineExpr k) {
  AffineExpr unit = numberOf(plane.getLane(), n, k) +
                    numberOf(plane.getReg(), n, k) * countOf(plane.getLane());
  return unit * container + numberOf(plane.getSlot(), n, k) * plane.getBits();
}

static int64_t bitOf(PlaneAttr plane, int64_t container, int64_t n, int64_t k) {
  MLIRContext *context = plane.getContext();
  AffineExpr bit = bitOf(plane, container, getAffineConstantExpr(n, context),
                         getAffineConstantExpr(k, context));
  return cast<AffineConstantExpr>(bit).getValue();
}

/// Every element of a tile of `n` x `k` has a place of its own in `plane`.
static LogicalResult verifyPlane(function_ref<InFlightDiagnostic()> emitError,
                                 PlaneAttr plane, int64_t n, int64_t k,
                                 int64_t container) {
  int64_t slots = countOf(plane.getSlot());
  int64_t places = slots * countOf(plane.getLane()) * countOf(plane.getReg());
  if (slots * plane.getBits() != container)
    return emitError() << slots << " slots of " << plane.getBits()
                       << " bits do not fill a container of " << container;
  if (places != n * k)
    return emitError() << "the modes of a plane count " << places
                       << " elements, the tile has " << n * k;
  std::vector<bool> taken(places, false);
  for (int64_t i = 0; i != n; ++i)
    for (int64_t j = 0; j != k; ++j) {
      int64_t place = bitOf(plane, container, i, j) / plane.getBits();
      if (taken[place])
        return emitError() << "element (" << i << ", " << j
                           << ") shares its place with another one";
      taken[place] = true;
    }
  return success();
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t n, int64_t k, int64_t container,
                                 ArrayRef<PlaneAttr> planes) {
  if (n < 1 || k < 1 || n > kMaxTileElements || k > kMaxTileElements ||
      n * k > kMaxTileElements)
    return emitError() << "a tile must have between 1 and " << kMaxTileElements
                       << " elements, found " << n << " x " << k;
  if (!llvm::is_contained({8, 16, 32}, container))
    return emitError() << "`container` must be 8, 16 or 32, found "
                       << container;
  int64_t covered = 0;
  for (PlaneAttr plane : planes) {
    int64_t mask = ((int64_t(1) << plane.getBits()) - 1) << plane.getShift();
    if (covered & mask)
      return emitError() << "two planes hold bit " << plane.getShift();
    covered |= mask;
    if (failed(verifyPlane(emitError, plane, n, k, container)))
      return failure();
  }
  if (covered == 0 || (covered & (covered + 1)) != 0)
    return emitError() << "the planes leave out bits of a code";
  return success();
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

LayoutAttr LayoutAttr::getRowMajor(MLIRContext *context, int64_t bits) {
  int64_t codes = 8 / bits;
  auto plane = PlaneAttr::get(context, bits, /*shift=*/0,
                              ArrayRef<Mode>{{'k', codes, 1}}, {}, {});
  return get(context, /*n=*/1, codes, /*container=*/8, plane);
}

LayoutAttr LayoutAttr::getColumns(MLIRContext *context, int64_t bits,
                                  int64_t columns, int64_t lanes) {
  int64_t container = std::min<int64_t>(32, 8 * bits);
  int64_t codes = container / bits;
  auto plane = PlaneAttr::get(context, bits, /*shift=*/0,
                              ArrayRef<Mode>{{'k', codes, 1}},
                              ArrayRef<Mode>{{'n', lanes, 1}},
                              ArrayRef<Mode>{{'n', columns / lanes, lanes}});
  return get(context, columns, codes, container, plane);
}

int64_t LayoutAttr::getBits() const {
  int64_t bits = 0;
  for (PlaneAttr plane : getPlanes())
    bits += plane.getBits();
  return bits;
}

int64_t LayoutAttr::getTileBytes() const {
  return getN() * getK() * getBits() / 8;
}

int64_t LayoutAttr::getBytes(int64_t rows, int64_t positions) const {
  return llvm::divideCeil(rows, getN()) * llvm::divideCeil(positions, getK()) *
         getTileBytes();
}

/// The bits of a tile before plane `plane`.
static int64_t bitsBefore(LayoutAttr layout, size_t plane) {
  int64_t before = 0;
  for (PlaneAttr other : layout.getPlanes().take_front(plane))
    before += layout.getN() * layout.getK() * other.getBits();
  return before;
}

int64_t LayoutAttr::getTileBit(size_t plane, int64_t n, int64_t k) const {
  return bitsBefore(*this, plane) +
         bitOf(getPlanes()[plane], getContainer(), n, k);
}

AffineExpr LayoutAttr::getBit(size_t plane, int64_t positions, AffineExpr n,
                              AffineExpr k) const {
  AffineExpr tile =
      n.floorDiv(getN()) * int64_t(llvm::divideCeil(positions, getK())) +
      k.floorDiv(getK());
  return tile * (getTileBytes() * 8) + bitsBefore(*this, plane) +
         bitOf(getPlanes()[plane], getContainer(), n % getN(), k % getK());
}

//===----------------------------------------------------------------------===//
// Codes in memory
//===----------------------------------------------------------------------===//

CodeTable::CodeTable(LayoutAttr layout, int64_t positions)
    : layout(layout), across(llvm::divideCeil(positions, layout.getK())) {
  for (size_t plane = 0; plane != layout.getPlanes().size(); ++plane)
    for (int64_t n = 0; n != layout.getN(); ++n)
      for (int64_t k = 0; k != layout.getK(); ++k)
        tileBits.push_back(layout.getTileBit(plane, n, k));
}

int64_t CodeTable::read(ArrayRef<char> bytes, int64_t n, int64_t k) const {
  int64_t code = 0;
  forEachPlane(n, k, [&](PlaneAttr plane, int64_t bit) {
    int64_t byte = static_cast<unsigned char>(bytes[bit / 8]);
    int64_t mask = (int64_t(1) << plane.getBits()) - 1;
    code |= (byte >> bit % 8 & mask) << plane.getShift();
  });
  return code;
}

void CodeTable::write(MutableArrayRef<char> bytes, int64_t n, int64_t k,
                      int64_t code) const {
  forEachPlane(n, k, [&](PlaneAttr plane, int64_t bit) {
    int64_t mask = (int64_t(1) << plane.getBits()) - 1;
    bytes[bit / 8] |= char((code >> plane.getShift() & mask) << bit % 8);
  });
}

void CodeTable::forEachPlane(
    int64_t n, int64_t k,
    llvm::function_ref<void(PlaneAttr, int64_t)> body) const {
  int64_t tileN = layout.getN(), tileK = layout.getK();
  int64_t start = (n / tileN * across + k / tileK) * layout.getTileBytes() * 8;
  int64_t element = n % tileN * tileK + k % tileK;
  for (PlaneAttr plane : layout.getPlanes()) {
    body(plane, start + tileBits[element]);
    element += tileN * tileK;
  }
}

void tegula::lp::relayCodes(LayoutAttr from, ArrayRef<char> bytes,
                            LayoutAttr to, MutableArrayRef<char> out,
                            int64_t rows, int64_t positions) {
  CodeTable source(from, positions), target(to, positions);
  std::fill(out.begin(), out.end(), 0);
  for (int64_t n = 0; n != rows; ++n)
    for (int64_t k = 0; k != positions; ++k)
      target.write(out, n, k, source.read(bytes, n, k));
}
