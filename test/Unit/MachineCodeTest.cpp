//===- MachineCodeTest.cpp - What a library's kernels are made of ---------===//

#include "tegula/Tuning/MachineCode.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace tegula::tuning;

static std::string failureOf(StringRef path) {
  auto code = readMachineCode(path);
  return code ? "" : toString(code.takeError());
}

TEST(MachineCode, FilesThatAreNoLibraryAreRefused) {
  EXPECT_NE(failureOf("/no/such/file"), "");
  SmallString<128> path;
  int descriptor;
  ASSERT_FALSE(sys::fs::createTemporaryFile("tegula", "so", descriptor, path));
  raw_fd_ostream(descriptor, /*shouldClose=*/true) << "\x7f"
                                                      "ELF and no more";
  EXPECT_NE(failureOf(path), "");
  sys::fs::remove(path);
}
