//===- ConvolutionFeatures.cpp - Features of #sched.convolution -----------===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

double features::inputElements(const ConvolutionProblem &problem) {
  return double(problem.batch) * double(problem.groups) *
         double(problem.channels) * double(problem.pixels) *
         double(problem.stride) * double(problem.stride);
}

double features::inputPerStep(const ConvolutionProblem &problem) {
  double images = double(problem.batch) * double(problem.groups);
  return inputElements(problem) / images /
         (double(product(problem.channels, problem.window)) *
          double(problem.pixels));
}

void features::addImage(Features &f, const ConvolutionProblem &problem,
                        const CpuTarget &target) {
  f.isFloat = 1;
  f.isDot = problem.isDot;
  f.hasConstant = problem.constantFilters;
  f.isPointwise = problem.pointwise;
  f.oneBlock = problem.oneBlock;
  f.logWindow = log2Of(double(problem.window));
  f.logWidth = log2Of(double(problem.width));
  f.stride = float(problem.stride);
  double images = double(problem.batch) * double(problem.groups);
  f.inputInL2 = log2Of(inputElements(problem) / images *
                       double(problem.inputBits) / 8 / double(target.l2Bytes));
  double strides = double(problem.stride) * double(problem.stride);
  double channel =
      double(problem.pixels) * strides * double(problem.elementBytes);
  f.columnAlias = aliasOf(int64_t(std::min(channel, double(kLargestExtent))));
}

Features features::extract(const ConvolutionProblem &problem,
                           const ConvolutionSchedule &schedule,
                           const Context &context) {
  Nest nest;
  nest.batch = product(problem.batch, problem.groups);
  nest.rows = problem.filters;
  nest.columns = problem.pixels;
  nest.k = product(problem.channels, problem.window);
  nest.mr = schedule.mr;
  nest.nr = schedule.nr;
  nest.vl = schedule.vl;
  nest.kc = std::min(schedule.kc, nest.k);
  nest.blockRows = std::min(schedule.fc, problem.filters);
  nest.blockColumns =
      std::min(product(schedule.nb, schedule.nr), problem.pixels);
  nest.bytes = problem.elementBytes;
  double ofK = inputPerStep(problem);
  nest.rowBytes = double(problem.filterBits) / 8;
  nest.columnBytes = double(problem.inputBits) / 8 * ofK;
  Features f =
      nestFeatures(nest, trafficOf(nest, context.target), nest.work(), context);
  addImage(f, problem, context.target);
  f.storedColumns =
      float(double(problem.inputBits) / 8 / double(problem.elementBytes));
  int64_t channels = ceilDiv(nest.kc, problem.window);
  int64_t channelBytes = product(product(problem.pixels, nest.bytes),
                                 product(problem.stride, problem.stride));
  f.columnSets = setsOf(channels, channelBytes);
  f.columnPages =
      pagesOf(channels, nest.blockColumns * nest.bytes, channelBytes);
  if (!schedule.inPlace) {
    f.packs = 1;
    f.runVectors =
        float(double(std::min(problem.width, nest.nr)) / double(nest.vl));
    f.widthLanes = float(double(problem.width % nest.vl) / double(nest.vl));
    f.copies = log2Of(1 + double(nest.rowBlocks()) / ofK);
    addScratch(f, double(nest.kc) * double(nest.nr) * double(nest.bytes),
               context.target);
  }
  return f;
}
