//===- Points.cpp - Points of spaces as attributes, and back --------------===//

#include "Points.h"

#include "tegula/Schedule/IR/Sched.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

static Attribute attributeOf(MLIRContext *context,
                             const cost::ContractionSchedule &point,
                             StringRef numerics) {
  return ContractionAttr::get(context, point.mr, point.nr, point.vl, point.kc,
                              point.mc, point.nc, point.packColumns,
                              point.streams, numerics);
}

static Attribute attributeOf(MLIRContext *context,
                             const cost::ConvolutionSchedule &point,
                             StringRef numerics) {
  return ConvolutionAttr::get(context, point.mr, point.nr, point.vl, point.kc,
                              point.nb, point.fc, point.inPlace, numerics);
}

static Attribute attributeOf(MLIRContext *context,
                             const cost::FilterLanesSchedule &point,
                             StringRef numerics) {
  return FilterLanesAttr::get(context, point.mr, point.nr, point.vl, point.kc,
                              point.np, point.fc, point.inPlace, numerics);
}

static Attribute attributeOf(MLIRContext *context,
                             const cost::WinogradSchedule &point,
                             StringRef numerics) {
  return WinogradAttr::get(context, point.results, point.mr, point.nr, point.vl,
                           point.rows, point.fc, point.tasks, numerics);
}

static Attribute attributeOf(MLIRContext *context,
                             const cost::AttentionSchedule &point,
                             StringRef numerics) {
  return AttentionAttr::get(context, point.mr, point.nr, point.vl, point.mq,
                            point.kc, point.tasks, numerics);
}

static Attribute attributeOf(MLIRContext *context,
                             const cost::DepthwiseSchedule &point,
                             StringRef numerics) {
  return DepthwiseAttr::get(context, point.vl, point.rows, point.columns,
                            point.block, point.unroll, point.inPlace, numerics);
}

static cost::DepthwiseSchedule pointOf(DepthwiseAttr attribute) {
  return {attribute.getVl(),    attribute.getRows(),   attribute.getColumns(),
          attribute.getBlock(), attribute.getUnroll(), attribute.getInPlace()};
}

static Attribute attributeOf(MLIRContext *context,
                             const cost::ElementwiseSchedule &point,
                             StringRef numerics) {
  return ElementwiseAttr::get(context, point.vl, point.unroll, point.tile,
                              point.grain, numerics);
}

static Attribute attributeOf(MLIRContext *context,
                             const cost::RowsSchedule &point,
                             StringRef numerics) {
  return RowsAttr::get(context, point.vl, point.accumulators, point.unroll,
                       point.grain, numerics);
}

static cost::ElementwiseSchedule pointOf(ElementwiseAttr attribute) {
  return {attribute.getVl(), attribute.getUnroll(), attribute.getTile(),
          attribute.getGrain()};
}

static cost::RowsSchedule pointOf(RowsAttr attribute) {
  return {attribute.getVl(), attribute.getAccumulators(), attribute.getUnroll(),
          attribute.getGrain()};
}

static cost::AttentionSchedule pointOf(AttentionAttr attribute) {
  return {attribute.getMr(), attribute.getNr(), attribute.getVl(),
          attribute.getMq(), attribute.getKc(), attribute.getTasks()};
}

static cost::ContractionSchedule pointOf(ContractionAttr attribute) {
  cost::ContractionSchedule point;
  point.mr = attribute.getMr();
  point.nr = attribute.getNr();
  point.vl = attribute.getVl();
  point.kc = attribute.getKc();
  point.mc = attribute.getMc();
  point.nc = attribute.getNc();
  point.packColumns = attribute.getPackColumns();
  point.streams = attribute.getStreams();
  return point;
}

static cost::ConvolutionSchedule pointOf(ConvolutionAttr attribute) {
  cost::ConvolutionSchedule point;
  point.mr = attribute.getMr();
  point.nr = attribute.getNr();
  point.vl = attribute.getVl();
  point.kc = attribute.getKc();
  point.nb = attribute.getNb();
  point.fc = attribute.getFc();
  point.inPlace = attribute.getInPlace();
  return point;
}

static cost::FilterLanesSchedule pointOf(FilterLanesAttr attribute) {
  cost::FilterLanesSchedule point;
  point.mr = attribute.getMr();
  point.nr = attribute.getNr();
  point.vl = attribute.getVl();
  point.kc = attribute.getKc();
  point.np = attribute.getNp();
  point.fc = attribute.getFc();
  point.inPlace = attribute.getInPlace();
  return point;
}

static cost::WinogradSchedule pointOf(WinogradAttr attribute) {
  cost::WinogradSchedule point;
  point.results = attribute.getResults();
  point.mr = attribute.getMr();
  point.nr = attribute.getNr();
  point.vl = attribute.getVl();
  point.rows = attribute.getRows();
  point.fc = attribute.getFc();
  point.tasks = attribute.getTasks();
  return point;
}

Attribute tegula::sched::attributeOf(MLIRContext *context,
                                     const cost::Schedule &schedule,
                                     StringRef numerics) {
  return std::visit(
      [&](const auto &point) {
        return ::attributeOf(context, point, numerics);
      },
      schedule);
}

std::optional<cost::Schedule> tegula::sched::pointOf(Attribute schedule) {
  return llvm::TypeSwitch<Attribute, std::optional<cost::Schedule>>(schedule)
      .Case<ContractionAttr, ConvolutionAttr, FilterLanesAttr, WinogradAttr,
            AttentionAttr, DepthwiseAttr, ElementwiseAttr, RowsAttr>(
          [](auto attribute) { return ::pointOf(attribute); })
      .Default([](Attribute) { return std::nullopt; });
}
