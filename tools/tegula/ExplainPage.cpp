//===- ExplainPage.cpp - tegula explain --html ----------------------------===//

#include "ExplainReport.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace llvm;
using namespace tegula;
using namespace tegula::tools;
using sched::KernelExplanation;

static constexpr StringLiteral kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Kernels of the model</title>
<style>
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 70em;
       padding: 0 1em; color: #1b1f24; background: #fff }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2em .7em; text-align: right; border-bottom: 1px solid #dde1e6;
         white-space: nowrap }
th:first-child, td:first-child, .text { text-align: left }
code { font-size: .85em } details { margin: .4em 0 }
svg text { font: 11px system-ui, sans-serif; fill: #1b1f24 }
.predicted { fill: #3b6fb6 } .measured { fill: #d98c21 }
.slower { fill: #b8433f } .faster { fill: #3a8a5c }
.line { stroke: #7a828c; stroke-width: 1 } .faint { stroke: #d0d5db }
</style></head><body>
)";

/// Kernels that charts show one by one.
static constexpr size_t kCharted = 24;

/// Pixels of horizontal charts: names, bars, a bar's line.
static constexpr double kNames = 230, kBars = 520, kLine = 20;

namespace {

class Page {
public:
  Page(raw_ostream &out, const ExplainReport &report);
  void write();

private:
  double secondsOf(size_t i) const { return kernels[i].time().seconds; }
  void writeSummary();
  void writeShares();
  void writeAgainstMeasured();
  void writeContributions();
  void writeTable();
  void writeRow(size_t i);
  void text(StringRef what) { printHTMLEscaped(what, out); }
  StringRef nameOf(size_t i) const {
    return kernels[i].node.empty() ? StringRef("(unnamed)") : kernels[i].node;
  }
  void openChart(double width, double height, StringRef label);
  void label(double x, double y, StringRef what, StringRef anchor = "start");
  void bar(StringRef kind, double x, double y, double width, double height);
  void line(StringRef kind, double x1, double y1, double x2, double y2);

  raw_ostream &out;
  const ExplainReport &report;
  ArrayRef<KernelExplanation> kernels;
  SmallVector<size_t> order; ///< Of predicted kernels, the longest first.
  double total = 0;          ///< Predicted seconds.
};

} // namespace

Page::Page(raw_ostream &out, const ExplainReport &report)
    : out(out), report(report), kernels(report.kernels) {
  for (auto [i, kernel] : enumerate(kernels))
    if (kernel.isModelled) {
      order.push_back(i);
      total += kernel.time().seconds;
    }
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(-secondsOf(a), a) < std::pair(-secondsOf(b), b);
  });
}

void Page::openChart(double width, double height, StringRef label) {
  out << format("<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" role=\"img\" ",
                width, height, width)
      << "aria-label=\"" << label << "\">\n";
}

void Page::label(double x, double y, StringRef what, StringRef anchor) {
  out << format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"", x, y) << anchor
      << "\">";
  text(what);
  out << "</text>\n";
}

void Page::bar(StringRef kind, double x, double y, double width,
               double height) {
  out << "<rect class=\"" << kind
      << format("\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                x, y, std::max(width, 0.5), height);
}

void Page::line(StringRef kind, double x1, double y1, double x2, double y2) {
  out << "<line class=\"" << kind
      << format("\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x1,
                y1, x2, y2);
}

void Page::writeSummary() {
  out << "<h1>";
  text(report.model);
  out << "</h1><p>" << kernels.size() << " kernels, " << order.size()
      << " predicted: " << microseconds(total)
      << " on one thread, target <code>";
  text(report.target);
  out << "</code>.";
  if (!report.measured.empty())
    out << format(" Peak %.1f GFLOP/s.", report.peak * 1e-9);
  out << "</p>\n";
}

/// A bar for each kernel with its interval, and one of what it took.
void Page::writeShares() {
  const ArrayRef<size_t> shown = ArrayRef(order).take_front(kCharted);
  double longest = 0;
  for (size_t i : shown) {
    const auto *measured = report.timeOf(i);
    longest = std::max({longest, cost::upperBound(kernels[i].time()),
                        measured ? measured->timing.median : 0});
  }
  out << "<h2>Time by kernel</h2><p>Predicted (blue, with the interval that "
         "nine "
         "of ten kernels keep)"
      << (report.measured.empty() ? "" : " and measured (orange)")
      << ", the longest " << shown.size() << ".</p>\n";
  openChart(kNames + kBars + 110, kLine * double(shown.size()) + 4,
            "Time by kernel");
  for (auto [row, i] : enumerate(shown)) {
    const cost::Estimate &time = kernels[i].time();
    const double top = kLine * double(row), scale = kBars / longest;
    label(kNames - 8, top + 14, nameOf(i).take_back(34), "end");
    bar("predicted", kNames, top + 4, time.seconds * scale, 7);
    if (time.spread > 0)
      line("line", kNames + cost::lowerBound(time) * scale, top + 7.5,
           kNames + cost::upperBound(time) * scale, top + 7.5);
    if (const auto *measured = report.timeOf(i))
      bar("measured", kNames, top + 12, measured->timing.median * scale, 5);
    std::string share;
    raw_string_ostream(share)
        << microseconds(time.seconds)
        << format(", %.1f %%", 100 * time.seconds / total);
    label(kNames + kBars + 8, top + 14, share);
  }
  out << "</svg>\n";
}

/// Both times of each kernel, both axes logarithmic, and where they are equal.
void Page::writeAgainstMeasured() {
  double low = INFINITY, high = 0;
  for (size_t i : order)
    if (const auto *measured = report.timeOf(i)) {
      low = std::min({low, secondsOf(i), measured->timing.median});
      high = std::max({high, secondsOf(i), measured->timing.median});
    }
  if (!(low < INFINITY) || low <= 0)
    return;
  low = std::pow(10, std::floor(std::log10(low)));
  high = std::pow(10, std::ceil(std::log10(high * 1.001)));
  constexpr double kSide = 380, kLeft = 70, kTop = 10;
  const double decade = kSide / std::log10(high / low);
  auto at = [&](double seconds) { return decade * std::log10(seconds / low); };
  out << "<h2>Predicted against measured</h2><p>On the line they are equal; "
         "below it a kernel took longer than predicted.</p>\n";
  openChart(kLeft + kSide + 30, kTop + kSide + 40,
            "Predicted against measured");
  for (double tick = low; tick < high * 1.001; tick *= 10) {
    line("line faint", kLeft + at(tick), kTop, kLeft + at(tick), kTop + kSide);
    line("line faint", kLeft, kTop + kSide - at(tick), kLeft + kSide,
         kTop + kSide - at(tick));
    label(kLeft + at(tick), kTop + kSide + 15, microseconds(tick), "middle");
    label(kLeft - 5, kTop + kSide - at(tick) + 4, microseconds(tick), "end");
  }
  line("line", kLeft, kTop + kSide, kLeft + kSide, kTop);
  for (size_t i : order)
    if (const auto *measured = report.timeOf(i)) {
      out << format(
          "<circle class=\"predicted\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\" "
          "fill-opacity=\".6\"><title>",
          kLeft + at(measured->timing.median), kTop + kSide - at(secondsOf(i)));
      text(nameOf(i));
      out << "</title></circle>\n";
    }
  label(kLeft + kSide / 2, kTop + kSide + 32, "measured", "middle");
  label(kLeft + 6, kTop + 14, "predicted");
  out << "</svg>\n";
}

/// What moved the predictions of the longest kernels away from the formula's.
void Page::writeContributions() {
  out << "<h2>What the learned part says</h2><p>Features that change the "
         "formula's time most, by the factor that each is (SHAP values of the "
         "trees): red slower, green faster.</p>\n";
  for (size_t i : ArrayRef(order).take_front(kCharted)) {
    const cost::Explanation &time = kernels[i].prediction;
    if (time.contributions.empty())
      continue;
    auto shown = ArrayRef(time.contributions).take_front(kShownContributions);
    const double most = std::abs(shown.front().effect);
    out << "<details><summary>";
    text(nameOf(i));
    out << ": formula " << microseconds(time.analyticSeconds) << ", learned "
        << change(time.factor()) << "</summary>\n";
    openChart(kNames + kBars, kLine * double(shown.size() + 1),
              "Contributions");
    label(kNames - 8, 14, "the average kernel", "end");
    label(kNames + kBars / 2, 14, change(std::exp(time.base)), "middle");
    for (auto [row, one] : enumerate(shown)) {
      const double top = kLine * double(row + 1), middle = kNames + kBars / 2;
      const double width = (kBars / 2 - 60) * std::abs(one.effect) / most;
      std::string feature;
      raw_string_ostream(feature) << one.feature << format(" = %g", one.value);
      label(kNames - 8, top + 14, feature, "end");
      bar(one.effect > 0 ? "slower" : "faster",
          one.effect > 0 ? middle : middle - width, top + 4, width, 12);
      label(one.effect > 0 ? middle + width + 6 : middle - width - 6, top + 14,
            change(std::exp(one.effect)), one.effect > 0 ? "start" : "end");
    }
    out << "</svg></details>\n";
  }
}

void Page::writeRow(size_t i) {
  const KernelExplanation &kernel = kernels[i];
  out << "<tr><td>";
  text(nameOf(i));
  out << "</td>";
  if (kernel.isModelled) {
    const cost::Estimate &time = kernel.time();
    out << "<td>" << microseconds(time.seconds) << "</td><td>";
    if (time.spread > 0)
      out << microseconds(cost::lowerBound(time)) << " to "
          << microseconds(cost::upperBound(time));
    else
      out << "unsure";
    out << "</td><td class=\"text\">" << kernel.bound << "</td><td>"
        << microseconds(kernel.prediction.analyticSeconds) << "</td><td>"
        << change(kernel.prediction.factor()) << "</td><td>";
    if (!kernel.runnerUp.empty())
      out << change(kernel.runnerUpSeconds / time.seconds);
    out << "</td>";
  } else {
    out << "<td colspan=\"6\" class=\"text\">one schedule, not predicted</td>";
  }
  if (!report.measured.empty()) {
    const auto *measured = report.timeOf(i);
    out << "<td>" << (measured ? microseconds(measured->timing.median) : "")
        << "</td>";
  }
  out << "<td class=\"text\"><code>";
  text(kernel.schedule);
  out << "</code></td></tr>\n";
}

void Page::writeTable() {
  out << "<h2>All kernels</h2>\n<table><tr><th>node</th><th>predicted</th>"
         "<th>interval</th><th class=\"text\">bound by</th><th>formula</th>"
         "<th>learned</th><th>runner-up</th>"
      << (report.measured.empty() ? "" : "<th>measured</th>")
      << "<th class=\"text\">schedule</th></tr>\n";
  for (size_t i = 0; i != kernels.size(); ++i)
    writeRow(i);
  out << "</table>\n";
}

void Page::write() {
  out << kHead;
  writeSummary();
  if (!order.empty()) {
    writeShares();
    writeAgainstMeasured();
    writeContributions();
  }
  writeTable();
  out << "</body></html>\n";
}

void tools::writePage(raw_ostream &out, const ExplainReport &report) {
  Page(out, report).write();
}
