//===- Points.cpp - Points of spaces as attributes, and back --------------===//

#include "Points.h"

#include "tegula/Schedule/IR/Sched.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

/// The attribute whose parameters are the fields of `point`, in their order,
/// and the numerics class.
template <typename AttrT, typename Point>
static Attribute makeAttribute(MLIRContext *context, const Point &point,
                               StringRef numerics) {
  return std::apply(
      [&](const auto &...field) {
        return AttrT::get(context, point.*field.member..., numerics);
      },
      Point::fields());
}

namespace {

/// The attribute of each kind of point.
struct ToAttribute {
  MLIRContext *context;
  StringRef numerics;

  Attribute operator()(const cost::ContractionSchedule &point) const {
    return makeAttribute<ContractionAttr>(context, point, numerics);
  }
  Attribute operator()(const cost::ConvolutionSchedule &point) const {
    return makeAttribute<ConvolutionAttr>(context, point, numerics);
  }
  Attribute operator()(const cost::FilterLanesSchedule &point) const {
    return makeAttribute<FilterLanesAttr>(context, point, numerics);
  }
  Attribute operator()(const cost::WinogradSchedule &point) const {
    return makeAttribute<WinogradAttr>(context, point, numerics);
  }
  Attribute operator()(const cost::AttentionSchedule &point) const {
    return makeAttribute<AttentionAttr>(context, point, numerics);
  }
  Attribute operator()(const cost::DepthwiseSchedule &point) const {
    return makeAttribute<DepthwiseAttr>(context, point, numerics);
  }
  Attribute operator()(const cost::ElementwiseSchedule &point) const {
    return makeAttribute<ElementwiseAttr>(context, point, numerics);
  }
  Attribute operator()(const cost::RowsSchedule &point) const {
    return makeAttribute<RowsAttr>(context, point, numerics);
  }
};

} // namespace

static cost::ContractionSchedule pointOf(ContractionAttr a) {
  return {a.getMr(), a.getNr(), a.getVl(),          a.getKc(),
          a.getMc(), a.getNc(), a.getPackColumns(), a.getStreams()};
}

static cost::ConvolutionSchedule pointOf(ConvolutionAttr a) {
  return {a.getMr(), a.getNr(), a.getVl(),     a.getKc(),
          a.getNb(), a.getFc(), a.getInPlace()};
}

static cost::FilterLanesSchedule pointOf(FilterLanesAttr a) {
  return {a.getMr(), a.getNr(), a.getVl(),     a.getKc(),
          a.getNp(), a.getFc(), a.getInPlace()};
}

static cost::WinogradSchedule pointOf(WinogradAttr a) {
  return {a.getResults(), a.getMr(), a.getNr(),   a.getVl(),
          a.getRows(),    a.getFc(), a.getTasks()};
}

static cost::AttentionSchedule pointOf(AttentionAttr a) {
  return {a.getMr(), a.getNr(), a.getVl(), a.getMq(), a.getKc(), a.getTasks()};
}

static cost::DepthwiseSchedule pointOf(DepthwiseAttr a) {
  return {a.getVl(),    a.getRows(),   a.getColumns(),
          a.getBlock(), a.getUnroll(), a.getInPlace()};
}

static cost::ElementwiseSchedule pointOf(ElementwiseAttr a) {
  return {a.getVl(), a.getUnroll(), a.getTile(), a.getGrain()};
}

static cost::RowsSchedule pointOf(RowsAttr a) {
  return {a.getVl(), a.getAccumulators(), a.getUnroll(), a.getGrain()};
}

Attribute tegula::sched::attributeOf(MLIRContext *context,
                                     const cost::Schedule &schedule,
                                     StringRef numerics) {
  return std::visit(ToAttribute{context, numerics}, schedule);
}

std::optional<cost::Schedule> tegula::sched::pointOf(Attribute schedule) {
  return llvm::TypeSwitch<Attribute, std::optional<cost::Schedule>>(schedule)
      .Case<ContractionAttr, ConvolutionAttr, FilterLanesAttr, WinogradAttr,
            AttentionAttr, DepthwiseAttr, ElementwiseAttr, RowsAttr>(
          [](auto attribute) { return ::pointOf(attribute); })
      .Default([](Attribute) { return std::nullopt; });
}
